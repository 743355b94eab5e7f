"""Learning, predicting and keeping programs from Python: what `import terpret` gives."""
