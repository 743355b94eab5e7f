"""Checked tree to tensor network to schedule: nodes, passes, verifiers. Imports no TensorFlow."""
