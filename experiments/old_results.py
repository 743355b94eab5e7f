"""Results of experiments of older versions, under the keys of today."""

from terpret.runs.old_results import renamed, renewed_run


def renewed_experiment(record: object) -> object:
    """The results of an experiment; those of today are left as they are."""
    if not isinstance(record, dict) or "format" in record:
        return record
    record = renamed(record, {"seed": "root_seed"})
    parts = record.get("learners")
    if not isinstance(parts, dict) or any(_is_learner(part) for part in parts.values()):
        return record
    del record["learners"]
    return {**record, "stages": {name: _renewed_stage(part) for name, part in parts.items()}}


def _is_learner(part: object) -> bool:
    """Whether this is a learner of lives; what were called learners too are stages."""
    return isinstance(part, dict) and "course" in part


def _renewed_stage(stage: object) -> object:
    match stage:
        case {"run": run}:
            return {**stage, "run": renewed_run(run)}
        case {"clock": [*runs]}:
            return {"runs": [_renewed_timed(run) for run in runs]}
    return stage


def _renewed_timed(run: object) -> object:
    """A run whose time counts; its seed was among its results."""
    seed = run.get("root_seed") if isinstance(run, dict) else None
    return {"root_seed": seed, "run": renewed_run(run)}
