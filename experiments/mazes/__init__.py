"""The experiment `mazes`: a loop and a sign classifier learned from path lengths."""
