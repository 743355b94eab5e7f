"""Networks that tell images apart, and call them by other labels than the data do."""

from collections.abc import Mapping

import numpy as np

from terpret.backends.model import CompiledModel
from terpret.learning.confusion import confusion_counts

# From this part of the images on, what a network says is one name for each label.
RENAMED = 0.9
# So many names are shown.
SHOWN = 3


def renamed(
    model: CompiledModel, images: Mapping[str, tuple[np.ndarray, np.ndarray]], row: int
) -> str:
    """A sentence on the first network whose labels are others' names; empty where none is.

    Args:
      model: the model, with the parameters as they are now.
      images: with the labels that each network should give, by network.
      row: of the restart.
    """
    for name, (shown, labels) in images.items():
        if name not in model.networks or not len(labels):
            continue
        counts = confusion_counts(labels, model.classify(name, shown)[row])
        names = counts.argmax(1)
        seen = np.flatnonzero(counts.sum(1))
        alone = len(set(names[seen])) == len(seen)
        share = counts[seen, names[seen]].sum() / counts.sum()
        others = [label for label in seen if names[label] != label]
        if alone and others and share >= RENAMED:
            told = ", ".join(f"{label} is called {names[label]}" for label in others[:SHOWN])
            return (
                f"'{name}' tells {share:.2f} of the labelled images apart, and calls them by other "
                f"labels than yours ({told}{', ...' if len(others) > SHOWN else ''}): a program "
                "learned with it may be right for its labels and is wrong for yours"
            )
    return ""
