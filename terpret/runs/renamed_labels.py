"""Networks that tell images apart, and call them by other labels than the data do."""

import numpy as np

from terpret.learning.confusion import confusion_counts
from terpret.runs.prepared import Run

# From this part of the images on, what a network says is one name for each label.
RENAMED = 0.9
# So many names are shown.
SHOWN = 3


def renamed(run: Run, row: int) -> str:
    """A sentence on the first network whose labels are others' names; empty where none is.

    Args:
      run: the run, with the parameters as they are now.
      row: of the restart.
    """
    for name, (images, labels) in run.task.images.items():
        if name not in run.model.networks or not len(labels):
            continue
        counts = confusion_counts(labels, run.model.classify(name, images)[row])
        names = counts.argmax(1)
        seen = np.flatnonzero(counts.sum(1))
        alone = len(set(names[seen])) == len(seen)
        share = counts[seen, names[seen]].sum() / counts.sum()
        others = [label for label in seen if names[label] != label]
        if alone and others and share >= RENAMED:
            shown = ", ".join(f"{label} is called {names[label]}" for label in others[:SHOWN])
            return (
                f"'{name}' tells {share:.2f} of the labelled images apart, and calls them by other "
                f"labels than yours ({shown}{', ...' if len(others) > SHOWN else ''}): a program "
                "learned with it may be right for its labels and is wrong for yours"
            )
    return ""
