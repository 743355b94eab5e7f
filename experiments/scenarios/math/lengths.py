"""A learned program at any length, and how its accuracy falls with the length (Figure 8)."""

import time
from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf

from datasets.composing import Stream, batches, composed
from datasets.math import DIGITS, scene
from datasets.pools import ImagePool
from experiments.scenarios.math.symbolic import labels_of, model_of_length
from experiments.scenarios.unseen import TEST_EXAMPLES, TEST_SEED
from terpret import CompiledModel, Library, compile_model, program_of
from terpret.learning.confusion import confused, confusion_counts
from terpret.learning.layers import assign_layers, row_layers
from terpret.learning.task import right

LENGTHS = range(2, 17)
# So many that chance parts two equal accuracies by a hundredth once in a thousand times at most.
EXAMPLES = 40_000
AT_ONCE = 500


def accuracy_by_length(
    model: CompiledModel,
    row: int,
    pool: ImagePool,
    lengths: Sequence[int] = LENGTHS,
    examples: int = EXAMPLES,
) -> list[dict[str, float]]:
    """Measures the discretised program of one restart on expressions of many lengths.

    Args:
      model: the model with its learned parameters.
      row: the restart.
      pool: the symbols to compose from, which the networks have not learned from.
      lengths: numbers of digits.
      examples: how many expressions of each.

    Returns:
      For each length its `digits`, and three parts of answers that are right: `accuracy`, on the
      networks' labels of the images; `simulated`, on labels drawn from both networks' confusion
      matrices; `true_labels`, on the symbols that the images show.
    """
    program = model.program(row)
    # Each image is looked at once, however often it comes.
    read = {name: model.classify(name, pool.brightness)[row] for name in model.networks}
    confusions = _confusions(pool, read)

    def measured(length: int) -> dict[str, float]:
        test_set = composed(scene(pool, length), TEST_SEED, examples)
        places = test_set.inputs["tiles"]
        symbols = pool.labels[places]
        given = {
            "accuracy": {name: labels[places] for name, labels in read.items()},
            "simulated": _simulated(symbols, confusions),
            "true_labels": labels_of(symbols, TEST_SEED),
        }
        long = program_of(model_of_length(model.checked, length), program.values)
        shares = {
            name: float(np.mean(right(long.run({}, labels), test_set.answers)))
            for name, labels in given.items()
        }
        return {"digits": length, **shares}

    return [measured(length) for length in lengths]


def program_on_images(model: CompiledModel, row: int, length: int) -> CompiledModel:
    """The discretised program of one restart, compiled with its networks for so many digits.

    Its Params are constants, so that it is a straight line: networks on the tiles that it reads,
    and tables.
    """
    library = Library(1, dtype=model.dtype)
    for network in model.checked.networks:
        library.use(network)
    assign_layers(library.weights, row_layers(model, row))
    checked = model_of_length(model.checked, length)
    values = model.program(row).values
    return compile_model(
        checked, constants=values, library=library, dtype=model.dtype, loops="never"
    )


def measured_on_images(
    model: CompiledModel,
    row: int,
    pool: ImagePool,
    length: int = LENGTHS[-1],
    examples: int = TEST_EXAMPLES,
) -> dict[str, float]:
    """Runs the compiled program with its networks on images, and takes the time.

    Returns:
      The `digits` and `expressions`, the `seconds` after compilation, composing the images
      included, and the `accuracy` of the most probable answers.
    """
    compiled = program_on_images(model, row, length)
    names = {variable.name for variable in compiled.checked.of_kind("Input")}

    def hits(count: int) -> np.ndarray:
        found = []
        for batch in batches(scene(pool, length), Stream(TEST_SEED, AT_ONCE, examples=count)):
            inputs = {name: value.numpy() for name, value in batch.items() if name in names}
            chosen = tf.argmax(compiled.marginals(inputs)["final_sum"][0], -1).numpy()
            found.append(chosen == batch["final_sum"].numpy())
        return np.concatenate(found)

    # What the first batch takes is the compilation.
    hits(min(AT_ONCE, examples))
    started = time.perf_counter()
    accuracy = float(np.mean(hits(examples)))
    return {
        "digits": length,
        "expressions": examples,
        "seconds": round(time.perf_counter() - started, 1),
        "accuracy": round(accuracy, 4),
    }


def _confusions(pool: ImagePool, read: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """How often each network takes each of its symbols for each, counts [symbols, labels]."""
    is_digit = pool.labels < DIGITS
    mine = {"net_0": (is_digit, 0), "net_1": (~is_digit, DIGITS)}
    return {
        name: confusion_counts(pool.labels[mine[name][0]] - mine[name][1], labels[mine[name][0]])
        for name, labels in read.items()
    }


def _simulated(symbols: np.ndarray, confusions: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Labels as networks of these confusion matrices would give them, independent of each other."""
    random = np.random.default_rng(TEST_SEED)
    labels = labels_of(symbols, TEST_SEED)
    for name, counts in confusions.items():
        first = {"net_0": 1, "net_1": 2}[name]
        labels[name][:, first::2] = confused(labels[name][:, first::2], counts, random)
    return labels
