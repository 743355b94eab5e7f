"""Schedule to TensorFlow, in probability or log space; compiled models and networks."""
