"""The task of MATH: images to learn from, and the tests of what was learned."""

from matplotlib.figure import Figure

from datasets.composing import Stream, batches, composed
from datasets.math import scene, symbol_pool
from datasets.pools import ImageSet
from experiments.scenarios.math.lengths import accuracy_by_length, measured_on_images
from experiments.scenarios.math.symbolic import symbols_of_length, verification
from experiments.scenarios.math.trace import trace_of
from experiments.scenarios.math.trace_figure import trace_figure
from experiments.scenarios.unseen import TEST_EXAMPLES, TEST_SEED
from terpret.backends.model import CompiledModel
from terpret.errors import RunError
from terpret.language.checked import CheckedModel
from terpret.learning.task import Task
from terpret.runs.scenario import Study

# Unseen expressions of the learning curves: four images each, which all restarts' networks see.
WATCHED = 250


def math_study(
    model: CheckedModel, digits: ImageSet, operators: ImageSet, distinct: int = 0
) -> Study:
    """The MATH task, with the best program's accuracy at every length, its speed and a trace.

    Args and errors: as of `math_task`.
    """
    test = symbol_pool(digits.test, operators.test)

    def further(compiled: CompiledModel, row: int) -> dict[str, object]:
        return {
            "lengths": accuracy_by_length(compiled, row, test),
            "on_images": measured_on_images(compiled, row, test),
        }

    def pictures(compiled: CompiledModel, row: int) -> dict[str, Figure]:
        return {"trace": trace_figure(trace_of(compiled, row, test))}

    return Study(math_task(model, digits, operators, distinct), further, pictures)


def math_task(
    model: CheckedModel, digits: ImageSet, operators: ImageSet, distinct: int = 0
) -> Task:
    """The MATH task (paper, section 3), of as many digits as the model's hypers have room for.

    Args:
      model: the model.
      digits: the images of digits.
      operators: the images of operators.
      distinct: the number of distinct training expressions; 0 is no limit.

    Raises:
      RunError: the model's hypers fit no expression.
    """
    length = length_of(model)
    train = symbol_pool(digits.train, operators.train)
    test = symbol_pool(digits.test, operators.test)
    images = {
        "net_0": (digits.test.brightness, digits.test.labels),
        "net_1": (operators.test.brightness, operators.test.labels),
    }

    test_set = composed(scene(test, length), TEST_SEED, TEST_EXAMPLES)
    return Task(
        name=f"{length} digits",
        batches=lambda seed, size, start, shift: batches(
            scene(train, length), Stream(seed, size, start, distinct=distinct, shift=shift)
        ),
        test_set=test_set,
        tested_on=f"{TEST_EXAMPLES:,} unseen expressions of {length} digits",
        symbols=symbols_of_length(length),
        images=images,
        sources={"digits": digits.source, "operators": operators.source},
        watched=test_set.first(WATCHED),
        verify=verification(model),
    )


def length_of(model: CheckedModel) -> int:
    """The number of digits that a model's hypers are for.

    Raises:
      RunError: they are for none.
    """
    tiles, time = (model.hypers.get(name, 0) for name in ("N_TILES", "T"))
    if tiles < 2 or tiles % 2 or time < 3 * (tiles // 2):
        raise RunError(
            f"N_TILES={tiles},T={time} fits no expression: N digits need N_TILES=2N and T=3N"
        )
    return tiles // 2
