"""What came of a search, in one of three words and a sentence."""

from terpret.backends.exact.problem import Found, Problem

FOUND, NONE, UNDECIDED = "found", "none", "undecided"


def outcome(found: Found, problem: Problem) -> tuple[str, str]:
    """What a search found out.

    Returns:
      `FOUND`: a program explains as many examples as asked; `NONE`: it is proved that none does;
      `UNDECIDED`: neither. And a sentence on what was proved.
    """
    size, used, asked = problem.size, found.used, problem.whole - problem.unexplained
    if found.program is None and found.proved:
        if size == 1:
            return NONE, "no program explains the example"
        enough = f"at least {asked:,} of " if problem.unexplained else ""
        examples = f"the {size:,} examples"
        if problem.weights and problem.unexplained:
            examples = f"{problem.whole:,}, the weight of {examples}"
        prove = f"{used:,} of them prove{'s' if used == 1 else ''} it"
        return NONE, f"no program explains {enough}{examples}; {prove}"
    missed = None
    if found.program is not None:
        missed = problem.missed(problem.explained(found.program))
    if missed is None or missed > problem.unexplained:
        return UNDECIDED, f"{found.stopped or 'it was ended'}, at {used:,} of the {size:,} examples"
    told = f"the program explains {found.explained:,} of {size:,} examples"
    if problem.weights:
        told += f", {problem.whole - missed:,} of their weight {problem.whole:,}"
    if found.proved:
        told += ", and none explains more" if problem.unexplained else ""
        told += "; none with fewer instructions explains as many" if problem.no_op else ""
    elif problem.unexplained or problem.no_op:
        open_ones = ["explains more"] if problem.unexplained else []
        open_ones += ["does so with fewer instructions"] if problem.no_op else []
        told += f"; whether another {' or '.join(open_ones)} is not decided: {found.stopped}"
    return FOUND, told
