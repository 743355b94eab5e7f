"""The process that holds CP-SAT: requests on its input, answers on its output, a line of JSON each.

OR-tools and TensorFlow do not live in one process: each brings its own protobuf. And a solver that
takes too much memory is ended without harm to the run.

A request adds to the problem and solves it:

    {"literals": n, "clauses": [[1, -2], ...], "exactly_one": [[...], ...],
     "at_most": [[literals, k], ...], "minimise": [literals], "hint": [literals],
     "seconds": 10.0, "workers": 2, "seed": 0}

Lines like `{"best": 3, "bound": 1, "true": [...]}` tell of better solutions, with the literals that
hold, and `{"status": "OPTIMAL", "true": [...]}` ends it.
"""

import json
import sys
from collections.abc import Callable
from typing import Any

from ortools.sat.python import cp_model


def main() -> None:
    """Answers requests until its input ends."""
    model = cp_model.CpModel()
    variables: list[Any] = [None]

    def literal(number: int) -> Any:
        return variables[number] if number > 0 else variables[-number].negated()

    for line in sys.stdin:
        request = json.loads(line)
        while len(variables) <= request["literals"]:
            variables.append(model.new_bool_var(""))
        for clause in request["clauses"]:
            model.add_bool_or([literal(one) for one in clause])
        for group in request["exactly_one"]:
            model.add_exactly_one([literal(one) for one in group])
        for group, most in request["at_most"]:
            model.add(sum(literal(one) for one in group) <= most)
        model.clear_objective()
        if request["minimise"]:
            model.minimize(sum(literal(one) for one in request["minimise"]))
        model.clear_hints()
        for one in request["hint"]:
            model.add_hint(variables[abs(one)], one > 0)
        _tell(_solved(model, variables, request))


def _solved(model: Any, variables: list[Any], request: dict[str, Any]) -> dict[str, Any]:
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = request["seconds"]
    solver.parameters.num_workers = request["workers"]
    solver.parameters.random_seed = request["seed"]
    better = _Better(variables) if request["minimise"] else None
    status = solver.status_name(solver.solve(model, better))
    answer: dict[str, Any] = {"status": status}
    if status in ("OPTIMAL", "FEASIBLE"):
        answer["true"] = _holding(variables, solver.boolean_value)
    return answer


def _holding(variables: list[Any], value: Callable[[Any], bool]) -> list[int]:
    return [number for number in range(1, len(variables)) if value(variables[number])]


class _Better(cp_model.CpSolverSolutionCallback):
    """Tells of a better solution."""

    def __init__(self, variables: list[Any]):
        super().__init__()
        self._variables = variables

    def on_solution_callback(self) -> None:
        """Called by the solver."""
        counts = {"best": self.objective_value, "bound": self.best_objective_bound}
        _tell({**counts, "true": _holding(self._variables, self.boolean_value)})


def _tell(answer: dict[str, Any]) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
