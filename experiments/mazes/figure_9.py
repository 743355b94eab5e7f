"""Figure 9: accuracy on unseen mazes of restarts that succeed, and of others that do not."""

from matplotlib.figure import Figure

from experiments.stage_results import RunStageResult, StagesResult
from terpret.runs import figures

# Figure 9 shows so many restarts of each kind.
SHOWN = 2
SUCCESSFUL, UNSUCCESSFUL = "#c1121f", "#0072b2"


def plots(results: StagesResult) -> dict[str, Figure]:
    """Figure 9 of every stage that has learning curves, by file name."""
    return {
        f"figure-9-{name}": figure_9(name, one)
        for name, one in results.stages.items()
        if isinstance(one, RunStageResult)
    }


def figure_9(name: str, one: RunStageResult) -> Figure:
    """Accuracy on unseen mazes of images of two restarts that succeed and of two that do not.

    They are the first of each kind; the others are behind them.

    Args:
      name: of the stage.
      one: what it has found.
    """
    correct = {restart.restart: restart.correct for restart in one.run.restarts}
    lines = {number: points for number, points in one.accuracy_on_images.items() if points}
    figure = figures.blank(5.2, 3.6)
    axes = figure.add_subplot()
    for points in lines.values():
        axes.plot(*zip(*points, strict=True), color="0.8", lw=0.5, zorder=1)
    for kind, colour, label in (
        (True, SUCCESSFUL, "successful"),
        (False, UNSUCCESSFUL, "unsuccessful"),
    ):
        shown = [n for n in sorted(lines) if correct[n] is kind][:SHOWN]
        for k, number in enumerate(shown):
            text = {"label": label} if k == 0 else {}
            axes.plot(*zip(*lines[number], strict=True), color=colour, lw=1.8, **text)
    figures.over_examples(axes)
    axes.set(xlabel="examples", ylabel="accuracy on unseen mazes", ylim=(-0.02, 1.02), title=name)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, fontsize=7, loc="center right")
    figure.tight_layout()
    return figure
