"""Image pools and the example streams composed from them.

`pools` and `seeds` are shared by every scenario; `digits` finds the digit images (`mnist` and
`embedded_digits` read them) and `add2x2` composes the ADD2X2 grids from them.
"""
