"""All that is known of MATH."""

from datasets.digits import load_digits
from datasets.operators import load_operators
from experiments.config import TaskConfig
from experiments.scenarios.fit import fitted
from experiments.scenarios.math.first_stage import learn_networks
from experiments.scenarios.math.tables import further_tables
from experiments.scenarios.math.task import math_study
from ntpt_models import LISTING
from terpret.language.checked import CheckedModel
from terpret.runs.scenario import Scenario, Study

NAME = "math_model"


def _study(config: TaskConfig, checked: CheckedModel) -> Study:
    digits = load_digits(config.digits, config.data_dir)
    operators = load_operators(config.operators, config.data_dir)
    return math_study(checked, digits, operators, config.distinct_grids)


MATH = Scenario(
    name=NAME,
    listing=LISTING,
    study=fitted(NAME, _study),
    flags={"digits", "operators", "distinct_grids", "data_dir", "nets_at_least"},
    needs=("net_0", "net_1"),
    learn_needed=learn_networks,
    frozen=0.5,
    tables=further_tables,
)
