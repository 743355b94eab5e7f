"""All that is known of APPLY2X2."""

from datasets.operators import load_operators
from experiments.config import TaskConfig
from experiments.scenarios.apply2x2.task import apply2x2_task
from experiments.scenarios.fit import fitted
from experiments.scenarios.grids import FLAGS, PUBLISHED_IN
from ntpt_models import LISTING
from terpret.language.checked import CheckedModel
from terpret.runs.scenario import Scenario, Study

NAME = "apply2x2_model"


def _study(config: TaskConfig, _: CheckedModel) -> Study:
    operators = load_operators(config.operators, config.data_dir)
    return Study(apply2x2_task(config.task, operators, config.distinct_grids))


APPLY2X2 = Scenario(
    name=NAME,
    listing=LISTING,
    study=fitted(NAME, _study),
    flags={*FLAGS, "operators"},
    published={"top": 0.98, "left": 1.0, "bottom": 1.0, "right": 1.0},
    published_in=PUBLISHED_IN,
)
