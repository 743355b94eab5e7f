"""All that is known of ADD2X2."""

from datasets.digits import load_digits
from experiments.config import TaskConfig
from experiments.scenarios.add2x2.task import add2x2_task
from experiments.scenarios.fit import fitted
from experiments.scenarios.grids import FLAGS, PUBLISHED_IN
from ntpt_models import LISTING
from terpret.language.checked import CheckedModel
from terpret.runs.scenario import Scenario, Study

NAME = "add2x2_model"


def _study(config: TaskConfig, _: CheckedModel) -> Study:
    digits = load_digits(config.digits, config.data_dir)
    return Study(add2x2_task(config.task, digits, config.distinct_grids))


ADD2X2 = Scenario(
    name=NAME,
    listing=LISTING,
    study=fitted(NAME, _study),
    flags={*FLAGS, "digits"},
    published={"top": 0.87, "left": 0.87, "bottom": 0.86, "right": 0.86},
    published_in=PUBLISHED_IN,
)
