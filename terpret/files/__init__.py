"""Files that are whole or not there, and whose they are."""
