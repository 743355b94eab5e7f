"""APPLY2X2: two operators of a 2x2 grid are applied to integers (paper, section 3)."""
