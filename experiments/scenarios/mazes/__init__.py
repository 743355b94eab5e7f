"""Street-sign mazes: the task, and what is measured and shown of a learned loop."""
