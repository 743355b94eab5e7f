"""MATH: its task and proof, the accuracy at every length, and what a program does step by step."""
