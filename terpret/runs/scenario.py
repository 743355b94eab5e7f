"""What is known of one model: its task, its listing, and what else is measured and drawn of it.

A run is given a `Scenario` and asks nobody else. The `PLAIN` one holds for every model of which
nothing is known: it learns from a data file, and its programs are listed Param by Param.
"""

import dataclasses
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from matplotlib.figure import Figure

from terpret.backends.keras_models import Build
from terpret.backends.model import CompiledModel
from terpret.discrete.listing import Listing
from terpret.errors import RunError
from terpret.language.checked import CheckedModel
from terpret.learning.network_file import SavedNetworks, load_networks
from terpret.learning.task import Task
from terpret.runs.config import Config
from terpret.runs.results import RunResult


@dataclasses.dataclass(frozen=True)
class Study:
    """A task, and what else is measured and drawn of what has learned it.

    Attributes:
      task: the task.
      further: what else is measured of the best restart, if its program is correct, by its name in
        the results: (model, row).
      pictures: figures that show what the best restart does, by name: (model, row).
      films: the same as figures one after another, by name: (model, row).
    """

    task: Task
    further: Callable[[CompiledModel, int], Mapping[str, object]] = lambda _, row: {}
    pictures: Callable[[CompiledModel, int], Mapping[str, Figure]] = lambda _, row: {}
    films: Callable[[CompiledModel, int], Mapping[str, Iterable[Figure]]] = lambda _, row: {}

    def briefly(self) -> "Study":
        """The study of a run whose time counts: no more than every restart's entry needs."""
        return Study(dataclasses.replace(self.task, watched=None))

    def undrawn(self) -> "Study":
        """The study without pictures and films."""
        return Study(self.task, self.further)


@dataclasses.dataclass(frozen=True)
class Scenario:
    """All that is known of one model.

    Attributes:
      name: the model's name, which its file has; empty where nothing is known of a model.
      listing: how its programs are listed and counted.
      study: its task and what is measured, from the settings and the model as they make it; None
        where only a data file can be the task.
      flags: the flags that say something to the task.
      distinct: the number of distinct training examples where the user says nothing; 0 is no limit.
      needs: the networks that the model must be given.
      learn_needed: learns these where the user gives none, and leaves them in the run's folder as
        `INIT_NETWORKS`: (the run's settings, its folder, what trains).
      frozen: the part of its examples for which given networks stay as they are, where the user
        says nothing.
      published: the published test accuracies, by task.
      published_in: what the publication calls them.
      tables: what `further` has measured, from that and a style, `text` or `markdown`; empty where
        it has not.
      remedy: what to do where there is no task.
      no_op: the value that is no instruction, by Param; empty where none is.
      builders: what makes the Keras model of a network, by network; those of a run folder are made
        from their description.
    """

    name: str = ""
    listing: Listing = Listing()
    study: Callable[[Config, CheckedModel], Study] | None = None
    flags: Collection[str] = ()
    distinct: int = 0
    needs: tuple[str, ...] = ()
    learn_needed: Callable[[Config, str, "Train"], None] | None = None
    frozen: float = 0.0
    published: Mapping[str, float] = dataclasses.field(default_factory=dict)
    published_in: str = ""
    tables: Callable[[Mapping[str, object], str], str] = lambda _, style: ""
    remedy: str = "give --data=FILE.json"
    no_op: Mapping[str, int] = dataclasses.field(default_factory=dict)
    builders: Mapping[str, Build] = dataclasses.field(default_factory=dict)


# What is known of a model of which nothing is.
PLAIN = Scenario()


@dataclasses.dataclass(frozen=True)
class Known:
    """What a command knows of models.

    Attributes:
      kinds: of configs, of which that of a run may be one.
      scenario: what is known of the model of a name.
    """

    kinds: Sequence[type[Config]] = (Config,)
    scenario: Callable[[str], Scenario] = lambda _: PLAIN


# Trains a model of a scenario as settings say, in a folder, or goes on with it; its results.
Train = Callable[[Config, str, Scenario], RunResult]


def load_needed(needed: Collection[str], path: str) -> SavedNetworks:
    """The networks of a file or a run folder, with those among them that a model must be given.

    Raises:
      InputError: the file cannot be read.
      RunError: one of them is not there.
    """
    given = load_networks(path)
    missing = [name for name in needed if name not in given.layers]
    if missing:
        raise RunError(f"{given.path} has no {missing[0]}, which the model must be given")
    return given
