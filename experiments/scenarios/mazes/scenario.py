"""All that is known of the street-sign mazes."""

from datasets.signs import load_signs
from experiments.config import TaskConfig
from experiments.scenarios.fit import fitted
from experiments.scenarios.mazes.tables import further_tables
from experiments.scenarios.mazes.task import TRAIN_MAZES, maze_study
from ntpt_models import LISTING
from terpret.language.checked import CheckedModel
from terpret.runs.scenario import Scenario, Study

NAME = "maze_model"


def _study(config: TaskConfig, checked: CheckedModel) -> Study:
    signs = load_signs(config.signs, config.data_dir)
    return maze_study(checked, signs, config.distinct_grids)


MAZES = Scenario(
    name=NAME,
    listing=LISTING,
    study=fitted(NAME, _study),
    flags={"signs", "distinct_grids", "data_dir", "nets_at_least"},
    distinct=TRAIN_MAZES,
    tables=further_tables,
)
