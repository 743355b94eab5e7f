"""The experiment `terpret`: the report's twelve tasks and its parity chain, by every method."""
