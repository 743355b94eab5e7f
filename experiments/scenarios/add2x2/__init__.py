"""ADD2X2: two digits of a 2x2 grid are added (paper, section 3)."""
