"""Examples: data files, streams, test sets."""
