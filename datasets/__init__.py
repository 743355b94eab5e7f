"""Image pools and the example streams composed from them.

`pools` and `seeds` are shared by every scenario, and `folders` by all that read files. `digits`
finds the digit images (`mnist`, `mnist_files` and `embedded_digits` read them), `operators` those
of operators (`operator_files`, `math_operators` and `embedded_operators`), `signs` those of street
signs (`sign_files`, `gtsrb` and what begins with its name, and `embedded_signs`); `add2x2`,
`apply2x2`, `math` and `mazes` compose `grids` and other examples from them.
"""
