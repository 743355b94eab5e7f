"""One file a published figure or table, and the training of a single model on a single task."""
