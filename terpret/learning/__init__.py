"""Learning programs and networks: optimisers, restarts, training, measuring."""
