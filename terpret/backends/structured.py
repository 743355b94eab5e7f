"""Tables that shift, choose or keep values, contracted without a product of matrices.

`(p + 1) % n`, `p if p < n else n - 1`, the identity, `p == k` for a known `k`: each value has one
result, and neighbours have neighbouring results or the same. So such a table is a few *runs*, of
which each moves a stretch of a marginal, or adds it up. That costs as many additions as there are
values, and a matrix product their square.
"""

import dataclasses
import functools
import math
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

# Marginals of fewer values are not worth it, nor results that more runs make.
LEAST_VALUES, MOST_RUNS = 16, 8


@dataclasses.dataclass(frozen=True)
class Run:
    """Neighbouring values with neighbouring results, or with the same.

    Attributes:
      start: the first value.
      length: how many there are.
      result: what the first becomes.
      moves: whether each becomes one more than the one before.
    """

    start: int
    length: int
    result: int
    moves: bool


def runs_of(table: np.ndarray) -> tuple[Run, ...] | None:
    """The runs of a table [values, results] of zeros and ones; None where it has none, or many."""
    if not np.isin(table, (0, 1)).all() or (table.sum(1) > 1).any():
        return None
    results = np.where(table.any(1), table.argmax(1), -1)
    found: list[Run] = []
    for value in np.flatnonzero(results >= 0).tolist():
        result = int(results[value])
        last = found[-1] if found else None
        if last and last.start + last.length == value:
            moves = result == last.result + last.length
            stays = result == last.result
            if (moves and (last.moves or last.length == 1)) or (stays and not last.moves):
                found[-1] = dataclasses.replace(last, length=last.length + 1, moves=moves)
                continue
            if stays and last.length == 1:
                found[-1] = dataclasses.replace(last, length=2, moves=False)
                continue
        found.append(Run(value, 1, result, True))
    return tuple(found) if len(found) <= MOST_RUNS else None


@dataclasses.dataclass(frozen=True, eq=False)
class Plan:
    """How a table [parts, values, columns, results] is contracted with [..., parts, values].

    Attributes:
      results: the number of results.
      columns: by column, the runs for each part; None where the column is not made of runs.
      dense: the table of those columns, [parts * values, their number * results].
    """

    results: int
    columns: tuple[tuple[tuple[Run, ...], ...] | None, ...]
    dense: np.ndarray

    def __call__(self, tensor: tf.Tensor) -> tf.Tensor:
        """The contraction: [..., parts, values] to [..., columns, results]."""
        parts = tf.unstack(tensor, axis=-2)
        made = []
        others = [k for k, column in enumerate(self.columns) if column is None]
        if others:
            flat = tf.concat(parts, -1)
            rows = tf.reshape(flat, [-1, flat.shape[-1]])
            product = tf.matmul(rows, tf.constant(self.dense, tensor.dtype))
            lengths = [-1 if n is None else n for n in flat.shape[:-1]]
            if lengths.count(-1) > 1:
                raise ValueError(f"more than one open dimension in {flat.shape}")
            dense = tf.reshape(product, [*lengths, len(others), self.results])
        for k, column in enumerate(self.columns):
            if column is None:
                made.append(dense[..., others.index(k), :])
            else:
                pieces = [
                    _moved(part, run, self.results)
                    for part, runs in zip(parts, column, strict=True)
                    for run in runs
                ]
                made.append(functools.reduce(tf.add, pieces))
        return tf.stack(made, -2)


def _moved(part: tf.Tensor, run: Run, results: int) -> tf.Tensor:
    """What a run makes of [..., values]: [..., results], zero elsewhere."""
    stretch = part[..., run.start : run.start + run.length]
    length = run.length
    if not run.moves:
        stretch, length = tf.reduce_sum(stretch, -1, keepdims=True), 1
    around = [[0, 0]] * (len(part.shape) - 1)
    return tf.pad(stretch, [*around, [run.result, results - run.result - length]])


def plan_of(table: np.ndarray) -> Plan | None:
    """The plan for a table [parts, values, columns, results]; None where a product does as well."""
    parts, values, columns, results = table.shape
    if values < LEAST_VALUES or results < LEAST_VALUES:
        return None
    found: list[tuple[tuple[Run, ...], ...] | None] = []
    for k in range(columns):
        runs = [runs_of(table[part, :, k]) for part in range(parts)]
        complete = tuple(one for one in runs if one is not None)
        few = len(complete) == parts and 0 < sum(map(len, complete)) <= MOST_RUNS
        found.append(complete if few else None)
    if all(column is None for column in found):
        return None
    others = [k for k, column in enumerate(found) if column is None]
    dense = table[:, :, others].reshape(parts * values, len(others) * results)
    return Plan(results, tuple(found), dense)


@dataclasses.dataclass(frozen=True)
class Roles:
    """What the labels of a table are to a contraction with one other factor.

    Attributes:
      summed: those that are summed over, the longest last.
      free: those of the result, the longest last.
    """

    summed: tuple[object, ...]
    free: tuple[object, ...]


def roles_of(
    shape: Sequence[int],
    labels: Sequence[object],
    other: Sequence[object],
    output: Sequence[object],
) -> Roles | None:
    """The roles of a table's labels; None where one is neither summed over nor free."""
    size = dict(zip(labels, shape, strict=True))
    summed = [label for label in labels if label in other and label not in output]
    free = [label for label in labels if label not in other and label in output]
    if not summed or not free or len(summed) + len(free) < len(labels) or len(size) < len(labels):
        return None
    return Roles(
        tuple(sorted(summed, key=size.__getitem__)), tuple(sorted(free, key=size.__getitem__))
    )


def arranged(table: np.ndarray, labels: Sequence[object], roles: Roles) -> np.ndarray:
    """The table as [parts, values, columns, results]."""
    order = [labels.index(label) for label in (*roles.summed, *roles.free)]
    turned = table.transpose(order)
    sizes, count = turned.shape, len(roles.summed)
    return turned.reshape(
        math.prod(sizes[: count - 1]), sizes[count - 1], math.prod(sizes[count:-1]), sizes[-1]
    )
