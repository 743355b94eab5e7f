"""The command line of `train.py` and `evaluate.py`: flags, what they say together, and the work."""
