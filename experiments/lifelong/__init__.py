"""Lifelong learning over eight tasks (paper, sections 4.1, 5.1 and 6.1): Figures 6 and 7."""
