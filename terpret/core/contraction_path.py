"""The contraction path: in which order the factors are contracted pairwise, and what that costs.

Labels are bits: a factor is the set of its labels.
"""

import functools
import itertools
import math
from collections.abc import Iterable, Iterator, Sequence

from terpret.core.nodes import Label, Term, extents

# Of so many factors every path is tried.
EXACT = 8
NOMINAL_BATCH = 64
# A matrix product makes this many products in the time of one product made alone.
MATRIX_SPEED = 16
# Starting one more operation costs as much as so many products.
START = 1000

# Places of factors, paired: a path as the tree of its pairwise contractions.
Path = int | tuple["Path", "Path"]


def contraction_path(
    terms: Sequence[Term], output: Sequence[Label], restarts: int
) -> tuple[float, Path]:
    """The cheapest path of a contraction and its cost, in products made one by one.

    Args:
      terms: the factors, each with its labels.
      output: the labels of the result.
      restarts: the number of restarts.
    """
    sizes: dict[Label, int] = {}
    for node, labels in terms:
        sizes.update(zip(labels, extents(node, restarts, NOMINAL_BATCH), strict=True))
    # A label of size 1 makes no difference.
    long = [label for label, size in sizes.items() if size > 1]
    bits = {label: 1 << k for k, label in enumerate(long)}
    factors = tuple(_union(bits.get(label, 0) for label in labels) for _, labels in terms)
    kept = _union(bits.get(label, 0) for label in output)
    return _cheapest_path(factors, kept, tuple(sizes[label] for label in long))


def _union(sets: Iterable[int], start: int = 0) -> int:
    return functools.reduce(int.__or__, sets, start)


@functools.lru_cache(1000)
def _cheapest_path(
    factors: tuple[int, ...], output: int, sizes: tuple[int, ...]
) -> tuple[float, Path]:
    costs = _Costs(sizes)
    if len(factors) <= EXACT:
        return _exact(list(factors), list(range(len(factors))), output, costs)
    paths = (_greedy(factors, output, costs, summing) for summing in (False, True))
    return min(paths, key=lambda path: path[0])


def _greedy(
    factors: tuple[int, ...], output: int, costs: "_Costs", summing: bool
) -> tuple[float, Path]:
    """A path of many factors: two are contracted whose product grows least, until few are left.

    With `summing`, those come first whose contraction sums over a label: in a long chain, such as a
    program of many steps, factors of one batch must not be contracted just because they are small.
    """
    total = 0.0
    labels, paths = list(factors), list[Path](range(len(factors)))
    while len(labels) > EXACT:
        worths = (
            (summing and not sums, costs.growth(labels, a, b, kept), a, b, kept)
            for a, b, kept, sums in _pairs(labels, output)
        )
        _, _, a, b, kept = min(worths, key=lambda worth: worth[:2])
        total += costs.pairwise(labels[a], labels[b], kept)
        paths = [t for k, t in enumerate(paths) if k not in (a, b)] + [(paths[a], paths[b])]
        labels = [ls for k, ls in enumerate(labels) if k not in (a, b)] + [kept]
    cost, path = _exact(labels, paths, output, costs)
    return total + cost, path


def _pairs(labels: list[int], output: int) -> Iterator[tuple[int, int, int, bool]]:
    """Any two factors, the labels of their product, and whether making it sums over others."""
    once = twice = thrice = 0
    for ls in labels:
        once, twice, thrice = once | ls, twice | (once & ls), thrice | (twice & ls)
    for a, b in itertools.combinations(range(len(labels)), 2):
        either, both = labels[a] | labels[b], labels[a] & labels[b]
        # What others have too: of what both have those that come three times, else twice.
        kept = either & (output | thrice | (twice & ~both))
        yield a, b, kept, kept != either


def _exact(
    labels: list[int], paths: list[Path], output: int, costs: "_Costs"
) -> tuple[float, Path]:
    """The best path of all: that of each set of factors comes from those of its subsets."""
    kept: dict[int, int] = {}
    best: dict[int, tuple[float, Path]] = {}
    for part in range(1, 1 << len(labels)):
        inside = [k for k in range(len(labels)) if part >> k & 1]
        if len(inside) == 1:
            kept[part], best[part] = labels[inside[0]], (0.0, paths[inside[0]])
            continue
        outside = (ls for k, ls in enumerate(labels) if not part >> k & 1)
        kept[part] = _union(labels[k] for k in inside) & _union(outside, output)
        splits = (
            (
                best[a][0]
                + best[part ^ a][0]
                + costs.pairwise(kept[a], kept[part ^ a], kept[part]),
                (best[a][1], best[part ^ a][1]),
            )
            for a in _halves(part)
        )
        best[part] = min(splits, key=lambda split: split[0])
    return best[part]


def _halves(part: int) -> Iterator[int]:
    """Each way of splitting a set in two, once: the half that has the lowest element."""
    lowest = part & -part
    subset = rest = part ^ lowest
    while subset:
        subset = (subset - 1) & rest
        yield subset | lowest


class _Costs:
    """What contractions of two factors cost."""

    def __init__(self, sizes: tuple[int, ...]):
        self._sizes = sizes
        self._known: dict[int, int] = {}

    def pairwise(self, first: int, second: int, result: int) -> float:
        """The products, and the numbers read and written."""
        products, operands = self._size(first | second), self._size(first) + self._size(second)
        common = first & second
        if common & ~result and first & ~second and second & ~first and not common & result:
            return START + products / MATRIX_SPEED + operands + self._size(result)
        # The operands' gradients are products made one by one, too.
        return START + products + 2 * operands + self._size(result)

    def growth(self, labels: list[int], a: int, b: int, result: int) -> int:
        """By how many numbers the product of two factors is larger than they are."""
        return self._size(result) - self._size(labels[a]) - self._size(labels[b])

    def _size(self, labels: int) -> int:
        if labels not in self._known:
            present = (size for k, size in enumerate(self._sizes) if labels >> k & 1)
            self._known[labels] = math.prod(present)
        return self._known[labels]
