"""A command's mistakes and signals: each is one message, and an exit status."""

import sys
from collections.abc import Callable

import tensorflow as tf
from absl import logging

from terpret import InputError, ModelError, output, signals
from terpret.errors import DataError, RunError
from terpret.learning.checkpoints import CheckpointError
from terpret.signals import Stopped

MISTAKES = (DataError, InputError, RunError, CheckpointError)


def guarded(action: Callable[[], int]) -> int:
    """Runs a command; a mistake of the user, or a signal, is one message and exit status 1."""
    tf.get_logger().setLevel("ERROR")
    logging.set_verbosity(logging.ERROR)
    try:
        return signals.work(action)
    except Stopped:
        output.say(signals.farewell())
    except ModelError as error:
        print(error, file=sys.stderr)
    except MISTAKES as error:
        print(f"error: {error}", file=sys.stderr)
    return 1
