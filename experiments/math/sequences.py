"""The stages of MATH that train a neural baseline, and test it at every length."""

import dataclasses
import os

import tensorflow as tf

from baselines.sequence_data import Symbols, image_symbols, one_hot_symbols
from baselines.sequences import PAPER, TWO_CORES, Settings, accuracy, parameters
from baselines.sequences import Report as Progress
from baselines.sequences import train as train_baseline
from experiments.config import ExperimentConfig
from experiments.setup import Setting
from experiments.stage_results import BaselineResult
from terpret.files import own_files
from terpret.files.typed_json import from_json, to_json
from terpret.learning.network_file import load_networks
from terpret.runs.described import versions
from terpret.runs.records import read_typed
from terpret.runs.run_folder import writing

LENGTHS = range(1, 17)
# The standard deviation of an accuracy is a hundredth at most.
EXAMPLES = 2_000


@dataclasses.dataclass(frozen=True)
class Baseline:
    """A baseline that is trained for so many seconds on expressions of up to five digits.

    Attributes:
      kind: "lstm" or "neural_gpu".
      images: whether it sees what the networks make of images, else the symbols themselves.
    """

    kind: str
    images: bool

    def do(self, name: str, folder: str, setting: Setting) -> None:
        """Trains and tests the baseline, or goes on with it."""
        settings = self.settings(setting.config)
        learned, unseen = self._symbols(setting)
        total = round(settings.seconds)

        def show(progress: Progress) -> None:
            wrong = f"{progress.wrong:.1%} wrong at up to {progress.digits} digits"
            setting.report(name, total, min(total, round(progress.seconds)), wrong, "s")

        setting.report(name, total, 0, "", "s")
        trained = train_baseline(self.kind, learned, settings, folder, show)
        accuracies = {}
        for length in LENGTHS:
            setting.report(name, total, total, f"testing at {length} digits", "s")
            accuracies[length] = round(accuracy(trained.model, unseen, length, EXAMPLES), 4)
        networks = load_networks(setting.networks).source if self.images else {}
        of_images = ", of unseen images" if self.images else ""
        results = BaselineResult(
            kind=self.kind,
            images=self.images,
            parameters=parameters(trained.model),
            settings=settings,
            paper_width=PAPER[self.kind].width,
            examples=trained.examples,
            seconds=round(trained.seconds, 1),
            digits=trained.digits,
            accuracies=accuracies,
            tested_on=f"{EXAMPLES:,} random expressions of each length{of_images}",
            data=setting.sources if self.images else {},
            networks_from=dict(networks),
            command=setting.command,
            versions=versions(),
        )
        with writing(folder):
            own_files.write_json(os.path.join(folder, "results.json"), to_json(results))
        # The graphs of one baseline are of no use to the next.
        tf.keras.backend.clear_session()

    def found(self, folder: str, _: ExperimentConfig) -> BaselineResult | None:
        """What the baseline reached; None before it has been tested."""
        path = os.path.join(folder, "results.json")
        remedy = "remove it, and the command of the experiment tests this stage again"
        return read_typed(path, lambda record: from_json(BaselineResult, record), remedy)

    def finished(self, folder: str, config: ExperimentConfig) -> bool:
        """Whether it has been tested."""
        return self.found(folder, config) is not None

    def settings(self, config: ExperimentConfig) -> Settings:
        """What is trained: the size for two cores, the paper's, or another that the user wants.

        Raises:
          InputError: a number is out of range.
        """
        small, paper = TWO_CORES[self.kind], PAPER[self.kind]
        width = {"lstm": config.lstm_units, "neural_gpu": config.filters}[self.kind] or small.width
        settings = paper if width == paper.width else small
        examples = config.examples or settings.examples
        return dataclasses.replace(
            settings,
            width=width,
            examples=examples,
            seconds=config.baseline_seconds,
            batch_size=config.batch_size or settings.batch_size,
            seed=config.seed,
        )

    def _symbols(self, setting: Setting) -> tuple[Symbols, Symbols]:
        """What the baseline learns from, and what it is tested on."""
        if not self.images:
            return one_hot_symbols(), one_hot_symbols()
        layers = load_networks(setting.networks).layers
        digits, operators = setting.data["digits"], setting.data["operators"]
        return (
            image_symbols(digits.train, operators.train, layers),
            image_symbols(digits.test, operators.test, layers),
        )
