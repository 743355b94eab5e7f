"""Image pools and the example streams composed from them.

`pools` and `seeds` are shared by every scenario; `digits` finds the digit images (`mnist` and
`embedded_digits` read them), `operators` those of operators (`operator_files`, `math_operators` and
`embedded_operators`), and `add2x2` and `apply2x2` compose `grids` from them.
"""
