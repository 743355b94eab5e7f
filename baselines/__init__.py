"""The neural baselines of the paper's 2x2 tasks (section 5.1), by their names in Figure 7."""

from collections.abc import Callable

from baselines.baseline import Baseline
from baselines.independent import independent_columns
from baselines.multitask import multitask_1, multitask_2
from baselines.progressive import progressive_columns

# Each is called with the tasks in their order, the numbers of the lives, and the seed.
BASELINES: dict[str, Callable[..., Baseline]] = {
    "indep": independent_columns,
    "PNN": progressive_columns,
    "MTNN-1": multitask_1,
    "MTNN-2": multitask_2,
}
