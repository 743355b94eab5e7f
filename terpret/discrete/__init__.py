"""Discrete programs: read, run and compared with answers; imports no TensorFlow."""
