"""Why a run found nothing, as far as it can be told, and the settings to try next.

What is looked at is a few training examples, the restarts' losses, and the labels of a data file's
training instances: it takes no time beside the measuring of a run.
"""

import dataclasses
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from terpret.discrete.answers import labelled, right
from terpret.discrete.program import assignments
from terpret.language.reads import label_names
from terpret.learning.attempts import Attempting
from terpret.learning.instances import AT_ONCE, LEAST, Instances, Judge, instances_of
from terpret.learning.judging import COLLAPSED, judged
from terpret.learning.presets import AFTER
from terpret.learning.restarts import Restart, Restarts
from terpret.runs.contradictions import MOST, contradictions, most_bits
from terpret.runs.next_command import next_command
from terpret.runs.prepared import Run
from terpret.runs.renamed_labels import renamed
from terpret.runs.results import Diagnosis, RunResult
from terpret.runs.tables import power

# Training examples that are looked at, at most.
EXAMPLES = 200
# A loss falls if its mean over the last quarter is lower by this part than over the one before.
FALLING = 0.05
# From this part of the answers on, programs with networks are not wrong: images are misread.
MISREAD = 0.9
# So many images of each label are the least that a network can learn from.
IMAGES_OF_A_LABEL = 10
# So much less of the test than of the training examples is right where these are too few.
OVERFITTED = 0.2
# A run is short that has less than this part of the updates that its preset is made for.
SHORT = 0.5
_MOST_RESTARTS = 10_000
# What would tell names apart that only test examples tell.
_UNNAMED = "with labels of training images, too, a restart whose labels are yours could be known"


@dataclasses.dataclass(frozen=True)
class _Cause:
    """Something that explains why nothing was found.

    Attributes:
      reason: a sentence.
      changes: the settings to try; empty where only other data help.
    """

    reason: str
    changes: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class _Seen:
    """How the restarts do on some training examples.

    Attributes:
      count: how many of the examples have an answer.
      accuracies: the part that each row's discretised program gets right, [row].
      collapsed: whether a network says the same of nearly all images, bool [row].
      constant: the part that is right of the most frequent answer.
      said: that answer, in words; empty where the model has no integer Outputs.
      falling: whether the loss of the row with the smallest loss is falling still.
    """

    count: int
    accuracies: np.ndarray
    collapsed: np.ndarray
    constant: float
    said: str
    falling: bool

    @property
    def best(self) -> float:
        """The part that the best program gets right."""
        return float(self.accuracies.max())


def why_nothing(run: Run, restarts: Restarts, results: RunResult) -> Diagnosis | None:
    """Why a run found no program, or one that is right on training instances and wrong on others.

    Args:
      run: the run, with the parameters as they are now.
      restarts: what is known of the restarts.
      results: what was measured of them.

    Returns:
      The reasons and what to try next; None where a program was found that nothing speaks against,
      or, where it cannot be verified, that fits nearly all training examples with its networks,
      and these call no images by other labels than are known. An OutputTensor has no such measure.
    """
    symbols = run.task.symbols
    instances = symbols.instances if isinstance(symbols, Judge) else None
    if results.correct_restarts:
        if instances is None or not _wrong_on_test(run, results):
            return None
        causes = [_undecided(run, results, instances)]
    else:
        numbers = instances is not None and bool(instances.squares)
        if not results.verifiable and numbers and results.best_restart.loss is not None:
            # How near numbers must come is the user's own matter: their error is measured.
            return None
        seen = _seen(run, restarts)
        if results.verifiable or seen.best < MISREAD or seen.best <= seen.constant:
            causes = _causes(run, restarts, results, seen, instances)
        elif instances is not None and _overfitted(results, seen):
            causes = [_too_few(results, seen, instances)]
        elif told := _renamed(run, restarts, results):
            causes = [_Cause(told), _Cause(_UNNAMED)]
        else:
            return None
    changes = causes[0].changes
    return Diagnosis(
        reasons=tuple(cause.reason for cause in causes),
        changes=changes,
        command=next_command(run.config, changes, run.workdir, results.command),
    )


def _renamed(run: Run, restarts: Restarts, results: RunResult) -> str:
    """That a network of the best restart calls images by other labels; empty where none does."""
    best = [row.number for row in restarts.rows].index(results.best_restart.restart)
    return renamed(run.model, run.task.images, best)


def _overfitted(results: RunResult, seen: _Seen) -> bool:
    """Whether far less of the test examples is right than of those that were learned from."""
    return results.unseen and results.best_restart.discrete_accuracy < seen.best - OVERFITTED


def _too_few(results: RunResult, seen: _Seen, instances: Instances) -> _Cause:
    share = results.best_restart.discrete_accuracy
    distinct = contradictions(instances).distinct
    return _Cause(
        f"{seen.best:.2f} of the training examples are right and {share:.2f} of the test's: "
        f"{distinct:,} distinct training examples are too few; give more of them (more of "
        "--examples are more passes over the same)"
    )


def _wrong_on_test(run: Run, results: RunResult) -> bool:
    """Whether a program that is right on all training instances is wrong on test instances."""
    # Where networks read images, these are misread, whatever the program.
    read = bool(run.model.networks)
    return results.unseen and not read and results.best_restart.discrete_accuracy < 1.0


def _seen(run: Run, restarts: Restarts) -> _Seen:
    model, rows = run.model, range(run.model.restarts)
    # Of thousands of restarts, no more at once than where they are tested.
    count = max(LEAST, min(EXAMPLES, AT_ONCE // model.restarts))
    batch = next(iter(run.task.batches(run.learner.seed, count, 0, 0)))
    found = judged(model, rows, batch)
    arrays = {name: value.numpy() for name, value in batch.items()}
    size = len(next(iter(arrays.values())))
    examples = instances_of(model.checked, arrays, size)
    constant, said = _constant(examples.part(examples.counted))
    losses = [row.losses[-1][1] if row.losses else math.nan for row in restarts.rows]
    known = np.where(np.isfinite(losses), losses, np.inf)
    falling = _falls(restarts.rows[int(known.argmin())])
    return _Seen(len(examples.counted), found.accuracies, found.collapsed, constant, said, falling)


def _constant(examples: Instances) -> tuple[float, str]:
    """The part of the answers that one and the same answer gets right, and which that is."""
    answers = examples.integers
    if not answers or not len(examples) or not labelled(answers, len(examples)).any():
        return 0.0, ""
    table = np.concatenate([v.reshape(len(examples), -1) for v in answers.values()], 1)
    found, counts = np.unique(table, axis=0, return_counts=True)
    row = int(np.flatnonzero((table == found[counts.argmax()]).all(1))[0])
    alike = {name: values[row : row + 1] for name, values in answers.items()}
    said = ", ".join(f"{name}={values[0].tolist()}" for name, values in alike.items())
    return float(np.mean(right(alike, answers))), said if len(said) <= 60 else f"{said[:57]}..."


def _falls(restart: Restart) -> bool:
    """Whether a loss was falling at the end of a restart."""
    end = restart.losses[-1][0] if restart.losses and not restart.stopped else 0
    before = [loss for seen, loss in restart.losses if end / 2 < seen <= end * 3 / 4]
    after = [loss for seen, loss in restart.losses if seen > end * 3 / 4]
    if not before or not after:
        return False
    return bool(np.mean(after) < (1 - FALLING) * np.mean(before))


def _causes(
    run: Run,
    restarts: Restarts,
    results: RunResult,
    seen: _Seen,
    instances: Instances | None,
) -> list[_Cause]:
    """What explains that no program was found; the first is to be mended first."""
    found = contradictions(instances) if instances is not None else None
    causes = []
    if found and found.contradicting:
        of = f"{'the first ' if found.instances == MOST else ''}{found.instances:,}"
        causes.append(
            _Cause(
                f"labels contradict each other in {found.contradicting:,} of {of} training "
                f"instances, so no program gives them all: {found.example} (instances count "
                "from 0)"
            )
        )
    if told := _renamed(run, restarts, results):
        causes.append(_Cause(told, _other_ways(run, False)))
    lost = sum(one.loss is None and one.examples > 0 for one in results.restarts)
    if 2 * lost >= len(results.restarts):
        return [*causes, _no_number(run, lost, len(results.restarts))]
    usual = run.learner.method.updates * run.learner.method.batch_size
    if run.examples < SHORT * usual:
        causes.append(_short(run, usual))
    if found and (few := _few_images(run, found.distinct)):
        causes.append(_Cause(few))
    if instances is None and seen.best >= (MISREAD if run.model.networks else 1.0):
        told = (
            f"a program is right on {seen.best:.2f} of {seen.count:,} training examples, and not "
            "on all that it is tested on: what it learned from does not decide which program it is"
        )
        causes.append(_Cause(told, _more(run)))
    causes += _of_learning(run, results, seen)
    return causes or [_in_part(run, seen)]


def _no_number(run: Run, lost: int, of: int) -> _Cause:
    method = run.learner.method
    rates = {name: getattr(method, name) / 10 for name in ("program_rate", "network_rate")}
    return _Cause(
        f"the loss of {lost:,} of {of:,} restarts is no number: the rates are too high, or numbers "
        "in the data far too large",
        {"method": {**run.config.method, **rates}},
    )


def _short(run: Run, usual: int) -> _Cause:
    method = run.learner.method
    return _Cause(
        f"{run.examples:,} examples are {math.ceil(run.examples / method.batch_size):,} updates "
        f"for each restart, and preset {run.config.preset} is made for {method.updates:,}",
        {"examples": usual},
    )


def _more(run: Run) -> dict[str, Any]:
    return {"examples": 2 * run.examples}


def _few_images(run: Run, distinct: int) -> str:
    """That networks learn from too few images; empty where they do not."""
    checked = run.model.checked
    if not run.learner.learns_networks:
        return ""
    outputs = {network.name: network.output for network in checked.networks}
    images, most = 0, 0
    for name, variable in label_names(checked).values():
        values = outputs[name]
        assert isinstance(values, int)
        images += distinct * math.prod(variable.dims)
        most = max(most, values)
    if not 0 < images < IMAGES_OF_A_LABEL * most:
        return ""
    return (
        f"networks learn from {images:,} images of {distinct:,} training instances: to tell "
        f"{most:,} labels apart takes {IMAGES_OF_A_LABEL * most:,} at least"
    )


def _of_learning(run: Run, results: RunResult, seen: _Seen) -> Iterator[_Cause]:
    """How networks and programs learned, as far as that explains that none is right."""
    rows, collapsed = len(seen.accuracies), int(seen.collapsed.sum())
    programs = assignments(run.model.checked) > 1
    stuck = seen.best <= seen.constant or seen.best == 0.0
    if seen.falling and (run.model.networks or not stuck):
        known = results.best_restart.network_accuracies
        read = (f", and {name} is right on {share:.2f} of images" for name, share in known.items())
        told = "the loss was falling still when the examples were used up"
        yield _Cause(f"{told}{''.join(read)}", _more(run))
    if 2 * collapsed >= rows:
        yield _Cause(
            f"in {collapsed:,} of {rows:,} restarts a network says the same of more than "
            f"{COLLAPSED:.0%} of the images, so programs have nothing to go by",
            _other_ways(run, AFTER.get(run.config.preset) == "robust"),
        )
    elif stuck:
        yield _Cause(_stuck(run, seen, programs), _other_ways(run) if programs else _more(run))


def _stuck(run: Run, seen: _Seen, programs: bool) -> str:
    what = "programs" if programs else "networks"
    told = f"{what} are stuck: the best gets {seen.best:.2f} of {seen.count:,} training examples"
    told += " right"
    if seen.said:
        told += f", and always saying {seen.said} gets {seen.constant:.2f}"
    finder = run.learner.finder
    if isinstance(finder, Attempting) and (times := int(finder.attempt.numpy().sum())):
        told += f"; {times:,} time{'' if times == 1 else 's'} a program was begun afresh on the way"
    return told


def _in_part(run: Run, seen: _Seen) -> _Cause:
    """That programs are neither stuck at nothing nor right."""
    best = f"the best restart gets {seen.best:.2f} of {seen.count:,} training examples right"
    if run.model.networks and seen.best >= MISREAD:
        told = f"{best}: what it misses looks like images misread, not like a wrong program"
        return _Cause(told, _more(run))
    than = f", more than always saying {seen.said} ({seen.constant:.2f})" if seen.said else ""
    told = f"{best}{than}, and none gets all: each has a part of the program, or labels are wrong"
    return _Cause(told, _other_ways(run))


def _other_ways(run: Run, always: bool = True) -> dict[str, Any]:
    """Another preset, or more restarts.

    Args:
      run: the run.
      always: whether another preset is better, if there is one.
    """
    config = run.config
    if always and config.preset in AFTER:
        # What was changed in one preset, or refilled, says nothing to another.
        other = {"preset": AFTER[config.preset], "method": {}, "refill": False}
        return {name: value for name, value in other.items() if value != getattr(config, name)}
    return {"restarts": min(4 * config.restarts, _MOST_RESTARTS)}


def _undecided(run: Run, results: RunResult, instances: Instances) -> _Cause:
    """That training instances are given by programs of which the test is not."""
    found = contradictions(instances)
    correct = results.correct_restarts
    programs = len({one.program for one in correct})
    holders = f"{programs:,} different programs" if programs > 1 else "a program"
    share = results.best_restart.discrete_accuracy
    told = (
        f"{holders} of {len(correct):,} restarts give all of {found.distinct:,} distinct training "
        f"instances, and the best gives {share:.2f} of the test's: the training instances do not "
        "decide"
    )
    distinct, bits = run.space[1], most_bits(instances, found.distinct)
    if not instances.model.observations and not instances.squares and bits < math.log2(distinct):
        told += (
            f"; they are too few, for their labels are {bits:,.0f} bits at most, and there are "
            f"{power(distinct)} programs, which take {math.log2(distinct):,.0f}"
        )
    return _Cause(f"{told}; give more of them")
