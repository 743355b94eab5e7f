"""MATH: its task and verification, the accuracy at every length, what a program does by steps."""
