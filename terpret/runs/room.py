"""Whether the machine has room for a run, before anything of it starts."""

import tensorflow as tf

from terpret import ModelError
from terpret.backends.keras_models import keras_network
from terpret.backends.memory import update_bytes
from terpret.compile import tensor_network
from terpret.errors import RunError
from terpret.free_memory import available_bytes
from terpret.language.checked import CheckedModel
from terpret.learning.presets import preset
from terpret.runs.config import Config

# A larger network takes long to build, which is done again when the model is compiled.
MAX_NODES = 20_000


def refuse_too_large(config: Config, checked: CheckedModel, instances: int = 0) -> None:
    """Refuses a run whose updates cannot fit into memory.

    Args:
      config: the settings.
      checked: the model.
      instances: the number of instances of the data file that is the task; 0 for none.

    Raises:
      RunError: an update needs more than there is, even if it needs no more than it must.
    """
    if tf.config.list_physical_devices("GPU"):
        return
    restarts, batch = len(config.numbers), _batch_size(config, instances)
    examples = config.examples or preset(config.preset).updates * batch
    shared = config.freeze_nets >= examples
    keras = {name: keras_network(text) for name, text in config.networks.items()}
    try:
        outputs = tensor_network(checked, restarts, min(config.max_nodes, MAX_NODES), shared)
    except ModelError:
        # If it is too large for the settings too, compilation says so.
        return

    def needed(size: int) -> int:
        return update_bytes(outputs, restarts, size, shared, keras=keras)

    there = available_bytes()
    if needed(batch) <= there:
        return
    each = max(1, needed(1) - needed(0))
    fitting = (there - needed(0)) // each
    advice = (
        f"--batch_size={fitting} may fit"
        if 0 < fitting < batch
        else "take fewer --restarts or smaller --hypers"
    )
    raise RunError(
        f"an update of {restarts:,} restarts on {batch:,} examples takes {_size(needed(batch))} of "
        f"memory at least, and {_size(there)} are free: {advice}"
    )


def _batch_size(config: Config, instances: int) -> int:
    """The number of examples in an update."""
    own = preset(config.preset).batch_size
    return config.batch_size or min(own or instances, instances or own)


def _size(number: int) -> str:
    return f"{number / 1e9:,.1f} GB"
