"""The numbers of the naive walk: losses, networks, comparisons."""

from collections.abc import Mapping

import numpy as np

EPSILON = 1e-10

Layers = tuple[list[np.ndarray], list[np.ndarray]]
Value = int | tuple | range


def loss(outputs: Mapping[str, np.ndarray], labels: Mapping[str, np.ndarray]) -> float:
    """The loss of one restart for marginals [batch, *dims, n] and labels [batch, *dims]."""
    total = 0.0
    for name, p in outputs.items():
        y = labels[name]
        observed = np.take_along_axis(p, np.maximum(y, 0)[..., None], -1)[..., 0] + EPSILON
        each = np.log((p + EPSILON).sum(-1)) - np.log(observed)
        total += np.where(y >= 0, each, 0).sum() / len(y)
    return total


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities along the last dimension."""
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def network(rows: np.ndarray, kernels: list[np.ndarray], biases: list[np.ndarray]) -> np.ndarray:
    for layer, (kernel, bias) in enumerate(zip(kernels, biases, strict=True)):
        rows = rows @ kernel + bias
        if layer < len(kernels) - 1:
            rows = np.maximum(rows, 0)
    return softmax(rows)


def holds(a: Value, operator: str, b: Value) -> bool:
    match operator:
        case "==":
            return a == b
        case "!=":
            return a != b
        case "<":
            return a < b
        case "<=":
            return a <= b
        case ">":
            return a > b
        case ">=":
            return a >= b
        case "in":
            return a in b
        case "not in":
            return a not in b
    raise AssertionError(operator)
