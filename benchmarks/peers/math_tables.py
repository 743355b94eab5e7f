"""What MATH's functions are as tables, for all that is written by hand; needs numpy alone."""

import numpy as np

N_BLOCK, MAX_INT, N_OPERATION = 3, 19, 4
# What each network can say of a tile.
NETWORK_OUTPUTS = {"net_0": 10, "net_1": N_OPERATION}


def _apply_table() -> np.ndarray:
    a, b = np.meshgrid(range(MAX_INT), range(MAX_INT), indexing="ij")
    quotient = np.where(b == 0, MAX_INT - 1, a // np.maximum(b, 1))
    results = np.stack([a + b, a - b, a * b, quotient], -1) % MAX_INT
    return np.eye(MAX_INT, dtype=np.float32)[results]


# [19 * 19, 4 * 19]: pairs of arguments to results by operation; [19, 4]: numbers to operations.
APPLY = _apply_table().reshape(MAX_INT**2, N_OPERATION * MAX_INT)
OPERATION = np.eye(N_OPERATION, dtype=np.float32)[[0, 1, 2, 3] + [0] * (MAX_INT - N_OPERATION)]
