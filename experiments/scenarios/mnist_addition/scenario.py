"""All that is known of MNIST-addition, with its program given and with its program learned."""

from datasets.digits import load_digits
from experiments.config import TaskConfig
from experiments.scenarios.mnist_addition.tables import further_tables
from experiments.scenarios.mnist_addition.task import addition_study
from ntpt_models import LISTING
from terpret.language.checked import CheckedModel
from terpret.runs.scenario import Scenario, Study


def _study(config: TaskConfig, checked: CheckedModel) -> Study:
    digits = load_digits(config.digits, config.data_dir)
    return addition_study(checked, digits, config.seed)


GIVEN = Scenario(
    name="mnist_addition",
    study=_study,
    flags={"digits", "data_dir", "nets_at_least"},
    tables=further_tables,
)
LEARNED = Scenario(
    name="mnist_addition_learned",
    listing=LISTING,
    study=_study,
    flags={"digits", "data_dir", "nets_at_least"},
    tables=further_tables,
)
