"""What a user may meet besides a wrong model or batch: each message is one sentence."""


class RunError(Exception):
    """A run cannot go on."""


class DataError(Exception):
    """Data are missing, damaged or wrongly asked for."""


class InputError(Exception):
    """What was handed to a model (hypers, a batch, labels, a program) does not fit it.

    The message is one sentence for the user; there is no place in a model to point at.
    """
