"""The tensor network: nodes, building, simplifying, planning, verifying. Imports no TensorFlow."""
