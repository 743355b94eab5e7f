"""Networks for MATH where none are given: learned from the 2x2 tasks first."""

import os
from typing import Any

from experiments.config import TaskConfig
from experiments.scenarios.add2x2.scenario import ADD2X2
from experiments.scenarios.apply2x2.scenario import APPLY2X2
from terpret.errors import RunError
from terpret.files import own_files
from terpret.learning.network_file import SavedNetworks, load_networks, merge_networks
from terpret.runs.named_files import INIT_NETWORKS
from terpret.runs.run_folder import FIRST_STAGE, writing
from terpret.runs.scenario import Scenario, Train

# The settings that a run of the first stage has from the run that it is for.
SHARED = (
    "seed",
    "digits",
    "operators",
    "signs",
    "data_dir",
    "check_every",
    "xla",
    "deterministic",
    "max_nodes",
)


def learn_networks(config: TaskConfig, workdir: str, train: Train) -> None:
    """Learns `net_0` from ADD2X2, and with it `net_1` from APPLY2X2, unless that is done already.

    The networks of the best restarts are where the run in `workdir` begins: its `INIT_NETWORKS`.

    Args:
      config: the settings of that run.
      workdir: its folder.
      train: trains a model of another scenario, in a folder inside, or continues to.

    Raises:
      RunError: no restart of a task found a correct program.
    """
    path = os.path.join(workdir, INIT_NETWORKS)
    if os.path.exists(path):
        return
    digits, operators = (
        os.path.join(workdir, FIRST_STAGE, name) for name in ("add2x2", "apply2x2")
    )
    alone = {"hypers": {"NUM_NETS": 1}}
    first = _learned(config, digits, train, ADD2X2, init_nets="", **alone)
    second = _learned(config, operators, train, APPLY2X2, init_nets=digits)
    parts = {"net_0": first, "net_1": second}
    with writing(workdir):
        own_files.add(path)
        merge_networks(path, parts, {name: _words(name, part) for name, part in parts.items()})


def _learned(
    config: TaskConfig, folder: str, train: Train, scenario: Scenario, **settings: Any
) -> SavedNetworks:
    """The networks of one run of the first stage."""
    mine = TaskConfig(
        model=f"{scenario.name}.py",
        task="top",
        preset="robust",
        restarts=4,
        stop_after_solved=-1,
        freeze_nets=0,
        **{name: getattr(config, name) for name in SHARED},
        **settings,
    )
    results = train(mine, folder, scenario)
    if not results.best_restart.correct:
        raise RunError(
            f"no restart in {folder} found a correct program, so its networks are of no use: give "
            "another --seed, or networks of another run by --init_nets"
        )
    return load_networks(folder)


def _words(name: str, saved: SavedNetworks) -> str:
    """Where a network comes from, in words."""
    source = dict(saved.source)
    data = source.get("digits" if name == "net_0" else "operators", "unknown images")
    accuracy = source.get(f"accuracy of {name}", "unknown")
    return f"{source.get('model')}, task {source.get('task')}; {data}; accuracy {accuracy}"
