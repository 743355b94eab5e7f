"""What is typed to go on with a run that was stopped, or to begin afresh."""

from absl import flags

from terpret.files import own_files


def same_command(values: flags.FlagValues) -> str:
    """What is typed to go on with a run that was stopped."""
    if not values.overwrite:
        return "the same command"
    given = values["overwrite"].present
    return f"the same command {'without --overwrite' if given else 'with --nooverwrite'}"


def done_already(workdir: str) -> str:
    """That a run is done already, and what begins it afresh."""
    ours = own_files.is_ours(workdir)
    afresh = "--overwrite begins afresh" if ours else "another --workdir begins afresh"
    return f"{workdir} is done already; {afresh}."
