"""What came of a search, in one of three words and a sentence."""

from terpret.backends.exact.problem import Found, Problem

FOUND, NONE, UNDECIDED = "found", "none", "undecided"


def outcome(found: Found, problem: Problem) -> tuple[str, str]:
    """What a search found out.

    Returns:
      `FOUND`: a program explains as many examples as asked; `NONE`: it is proved that none does;
      `UNDECIDED`: neither. And a sentence on what was proved.
    """
    size, used = problem.size, found.used
    least = size - problem.unexplained
    if found.program is None and found.proved:
        enough = f"at least {least:,} of " if problem.unexplained else ""
        if size == 1:
            return NONE, "no program explains the example"
        prove = f"{used:,} of them prove{'s' if used == 1 else ''} it"
        return NONE, f"no program explains {enough}the {size:,} examples; {prove}"
    if found.program is None or found.explained < least:
        return UNDECIDED, f"{found.stopped or 'it was ended'}, at {used:,} of the {size:,} examples"
    told = f"the program explains {found.explained:,} of {size:,} examples"
    if found.proved:
        told += ", and none explains more" if problem.unexplained else ""
        told += "; none with fewer instructions explains as many" if problem.no_op else ""
    elif problem.unexplained or problem.no_op:
        asked = ["explains more"] if problem.unexplained else []
        asked += ["does so with fewer instructions"] if problem.no_op else []
        told += f"; whether another {' or '.join(asked)} is not decided: {found.stopped}"
    return FOUND, told
