"""Meanings of a model: TensorFlow graphs, and the discrete interpreter."""
