"""The tables of the experiment `mnist_addition`, beside the field's published numbers."""

import statistics
from collections.abc import Mapping, Sequence

from experiments.stage_results import SeedsStageResult, StagesResult
from terpret.runs.results import RunResult
from terpret.runs.tables import render, wilson

LENGTHS = (1, 2, 4, 15)
# The mean accuracies of whole sums, in percent, as their sources print them; "" where none is
# published. All of these systems are given the program.
PUBLISHED: Mapping[str, Sequence[str]] = {
    "DeepProbLog": ("97.2±0.5", "95.2±1.7", "timeout", "timeout"),
    "NeurASP": ("97.3±0.3", "93.9±0.7", "timeout", "timeout"),
    "NeuPSL": ("97.3±0.3", "93.9±0.4", "", ""),
    "LTN": ("80.5±23.3", "77.5±35.6", "timeout", "timeout"),
    "DeepStochLog": ("97.9±0.1", "96.4±0.1", "92.7±0.6", "timeout"),
    "Embed2Sym": ("97.6±0.3", "93.8±1.4", "91.7±0.6", "60.5±20.4"),
    "A-NeSI": ("97.66±0.21", "95.96±0.38", "92.56±0.79", "75.90±2.21"),
    "Scallop": ("", "", "90.88±0.48", "timeout"),
    "EXAL": ("", "", "91.65±0.57", "73.27±2.05"),
    "DeepSoftLog": ("", "", "93.5±0.6", "77.1±1.6"),
    "PLIA": ("", "", "91.84±0.73", "79.00±0.73"),
    "NeSyDM": ("", "", "92.49±0.98", "77.29±1.40"),
    "DPrL": ("", "", "94.0", "80.8"),
}


def tables(results: StagesResult, style: str) -> str:
    """All tables of what has been found so far, each under its heading.

    Args:
      results: of the experiment.
      style: `text` or `markdown`.
    """
    found = {name: one for name, one in results.stages.items() if isinstance(one, SeedsStageResult)}
    given = {n: found[f"given-{n}"] for n in LENGTHS if f"given-{n}" in found}
    learned = found.get("learned-2")
    rows = [["method", *(f"N={n}" for n in LENGTHS)]]
    rows += [[name, *cells] for name, cells in PUBLISHED.items()]
    if given:
        cells = [_mean(_shares(given[n])) if n in given else "" for n in LENGTHS]
        rows.append(["here, program given", *cells])
    if learned:
        cells = [_mean(_shares_at(learned, n)) for n in LENGTHS]
        rows.append(["here, program learned at N=2", *cells])
    heading = "accuracy of the whole sum in percent, mean and standard deviation over the seeds"
    texts = [f"{heading}:\n\n{render(rows, style)}"]
    if found:
        details = [_details(name, one) for name, one in found.items()]
        headings = ["stage", "seeds", "lowest", "highest", "correct", "examples", "seconds a seed"]
        texts.append(f"every seed counted:\n\n{render([headings, *details], style)}")
    return "\n\n".join(texts)


def _shares(stage: SeedsStageResult) -> list[float]:
    """The accuracy of every seed's best restart, in percent."""
    return [100 * one.run.best_restart.discrete_accuracy for one in stage.runs]


def _shares_at(stage: SeedsStageResult, length: int) -> list[float]:
    """The accuracy of every seed's best restart on numbers of a length; 0 of a wrong program."""
    return [100 * _share_at(one.run, length) for one in stage.runs]


def _share_at(run: RunResult, length: int) -> float:
    rows = run.further.get("lengths", ())
    assert isinstance(rows, Sequence)
    found = [row["accuracy"] for row in rows if row["digits"] == length]
    return float(found[0]) if found else 0.0


def _mean(shares: Sequence[float]) -> str:
    spread = f"±{statistics.stdev(shares):.2f}" if len(shares) > 1 else ""
    return f"{statistics.mean(shares):.2f}{spread}"


def _details(name: str, stage: SeedsStageResult) -> list[str]:
    shares, runs = _shares(stage), [one.run for one in stage.runs]
    correct = sum(bool(run.best_restart.correct) for run in runs)
    low, high = wilson(correct, len(runs))
    return [
        name,
        f"{len(runs)} of {stage.wanted}",
        f"{min(shares):.2f}",
        f"{max(shares):.2f}",
        f"{correct} of {len(runs)} ({low:.2f} to {high:.2f})",
        f"{max(run.best_restart.examples for run in runs):,}",
        f"{statistics.mean(run.seconds for run in runs):,.0f}",
    ]
