"""Text to checked model. Imports no TensorFlow."""
