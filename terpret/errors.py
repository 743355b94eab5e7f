"""What a user may meet besides a wrong model or batch: each message is one sentence."""


class RunError(Exception):
    """A run cannot go on."""


class DataError(Exception):
    """Data are missing, damaged or wrongly asked for."""
