"""Results of older versions: the first format, which had no number, under the keys of today."""

from collections.abc import Mapping
from typing import Any

# What is called otherwise today.
_RESTART = {
    "seed": "restart",
    "solved": "solved_after",
    "test_accuracy": "soft_accuracy",
    "nets": "network_accuracies",
}
_RUN = {"nets": "network_accuracies"}
# What a task had measured besides, and what was published of it.
_FURTHER = ("published", "lengths", "on_images", "sizes")


def renewed_run(record: object) -> object:
    """The results of a run; those of today are left as they are."""
    if not isinstance(record, dict) or "format" in record:
        return record
    further = {key: record[key] for key in _FURTHER if record.get(key) is not None}
    entries = record.get("restarts")
    if isinstance(entries, list):
        record = {**record, "restarts": [renewed_restart(entry) for entry in entries]}
    kept = {key: value for key, value in record.items() if key not in _FURTHER}
    return {**renamed(kept, _RUN), "further": further}


def renewed_restart(entry: object) -> object:
    """The results of a restart, which has no format of its own."""
    if not isinstance(entry, dict) or "restart" in entry:
        return entry
    new = renamed(entry, _RESTART)
    # The sign of a restart that was not solved.
    return {**new, "solved_after": None} if new.get("solved_after") == -1 else new


def renamed(record: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """A record with the keys of today."""
    return {names.get(key, key): value for key, value in record.items()}
