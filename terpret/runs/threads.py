"""How many threads work on a run: sums are split among them, and their last bits follow."""

import os
from collections.abc import Iterator

import tensorflow as tf

from terpret.errors import RunError
from terpret.files.atomic import read_json
from terpret.runs.config import Config, StoredConfig

MANIFEST = "manifest.json"


def threads() -> dict[str, int]:
    """The processors that this process may use, and TensorFlow's threads."""
    affinity = getattr(os, "sched_getaffinity", None)
    processors = len(affinity(0)) if affinity else os.cpu_count() or 1

    def those(configured: int, variable: str) -> int:
        given = os.environ.get(variable, "")
        return configured or (int(given) if given.isdecimal() else 0) or processors

    config = tf.config.threading
    return {
        "processors": processors,
        "intra-op threads": those(
            config.get_intra_op_parallelism_threads(), "TF_NUM_INTRAOP_THREADS"
        ),
        "inter-op threads": those(
            config.get_inter_op_parallelism_threads(), "TF_NUM_INTEROP_THREADS"
        ),
    }


def same_threads(config: StoredConfig, workdir: str) -> list[str]:
    """Refuses to go on with other threads where a run must give the same bits; else warns.

    Args:
      config: the settings.
      workdir: the folder of a run that goes on.

    Raises:
      RunError: there were others, and the run is deterministic.
    """
    changes = ", ".join(_changes(workdir))
    if changes and isinstance(config, Config) and config.deterministic:
        raise RunError(
            f"--deterministic needs as many threads as the run in {workdir} began with: now it has "
            f"{changes}"
        )
    return [f"the run has {changes}: what follows may differ in the last bits"] * bool(changes)


def _changes(workdir: str) -> Iterator[str]:
    there = read_json(os.path.join(workdir, MANIFEST))
    before = there.get("threads") if isinstance(there, dict) else None
    # A run that began before threads were noted has none.
    if isinstance(before, dict):
        for name, now in threads().items():
            if name in before and before[name] != now:
                yield f"{name} {now} instead of {before[name]}"
