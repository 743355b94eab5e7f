"""The scenarios by the names of their models: one entry each, and others from outside."""

import dataclasses

from experiments.scenarios.add2x2.scenario import ADD2X2
from experiments.scenarios.apply2x2.scenario import APPLY2X2
from experiments.scenarios.math.scenario import MATH
from experiments.scenarios.mazes.scenario import MAZES
from experiments.scenarios.mnist_addition.scenario import GIVEN, LEARNED
from experiments.scenarios.terpret_report import (
    ASSEMBLY,
    BASIC_BLOCK,
    CIRCUIT,
    PARITY_CHAIN,
    TURING,
)
from ntpt_models import LISTING
from terpret.language.model_files import model_name
from terpret.runs.config import Config
from terpret.runs.scenario import Scenario

# Of a model of another name, at most its listing is known: it may be a copy of one of ours.
OTHER = Scenario(listing=LISTING)
SCENARIOS: dict[str, Scenario] = {}


def register(scenario: Scenario) -> None:
    """Makes a scenario known: models of its name are trained, printed and evaluated by it."""
    SCENARIOS[scenario.name] = scenario


def scenario_named(name: str) -> Scenario:
    """What is known of the models of a name."""
    trained = " or ".join(one.name for one in SCENARIOS.values() if one.study)
    remedy = f"give --data=FILE.json, or train {trained}"
    return dataclasses.replace(SCENARIOS.get(name, OTHER), remedy=remedy)


def scenario_of(config: Config) -> Scenario:
    """What is known of the model of a run."""
    return scenario_named(model_name(config.model))


_PAPER = ADD2X2, APPLY2X2, MATH, MAZES, GIVEN, LEARNED
_REPORT = TURING, CIRCUIT, BASIC_BLOCK, ASSEMBLY, PARITY_CHAIN
for _scenario in (*_PAPER, *_REPORT):
    register(_scenario)
