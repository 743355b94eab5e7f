"""A run in print: what begins, and what was learned, with the tables of all that was measured."""

import os

from terpret.runs.config import Config
from terpret.runs.hyper_notes import hypers_text
from terpret.runs.own_method import method_text
from terpret.runs.prepared import Run
from terpret.runs.results import RunResult
from terpret.runs.scenario import Scenario
from terpret.runs.solving import is_exact
from terpret.runs.tables import (
    batch_line,
    diagnosed,
    heading,
    power,
    results_table,
    success,
    verified,
)


def print_header(run: Run) -> None:
    """Prints what begins: the model, its programs, the data and the run folder."""
    config, (every, distinct) = run.config, run.space
    print(f"model: {config.model}, task {run.task.name}, {_learned_by(config)}")
    if hypers := run.model.checked.hypers:
        print(f"hypers: {hypers_text(hypers)}")
    print(f"programs: {power(every)} parameter assignments, {power(distinct)} distinct programs")
    for kind, source in run.task.sources.items():
        print(f"{kind}: {source}")
    for kind, source in run.networks_from.items():
        print(f"networks from {kind}: {source}")
    logdir = os.path.dirname(run.workdir) or "."
    print(f"run folder: {run.workdir} (tensorboard --logdir={logdir})")
    doing = "solving" if is_exact(run.learner.method) else "compiling the training step"
    print(f"{doing} ...", flush=True)


def print_results(results: RunResult, scenario: Scenario, style: str = "text") -> None:
    """Prints the learned program and the accuracies of all restarts, as text or Markdown."""
    best = results.best_restart
    fence = "```\n" if style == "markdown" else ""
    if results.method:
        print(f"\nmethod: {_learned_by(results)}")
    if results.given:
        print(f"\nthe program is given; networks of restart {best.restart}")
    else:
        print(f"\nlearned program of restart {best.restart} (confidence of each line):\n")
        print(f"{fence}{best.program}\n{fence}".rstrip())
    print(f"\n{heading(results)}:\n")
    print(results_table(results, style, scenario.published_in))
    for batch, accuracy in results.batches.items():
        print(batch_line(batch, accuracy))
    if further := scenario.tables(results.further, style):
        print(f"\n{further}")
    if results.verification:
        print(f"\n{verified(results.verification)}")
    if results.exact:
        print(f"\nsolver: {results.exact['status']}: {results.exact['proved']}")
    print(f"\n{success(results)}")
    if results.diagnosis:
        print(f"\n{diagnosed(results, results.diagnosis, style)}")


def _learned_by(one: Config | RunResult) -> str:
    """The preset, and what the method has other than it."""
    own = f" with {method_text(one.method)}" if one.method else ""
    return f"preset {one.preset}{own}"
