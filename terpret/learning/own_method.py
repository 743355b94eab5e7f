"""Methods of one's own: a preset with other values in some of its fields.

The fields of a method's strategy are named beside its own, for no two have one name.
"""

import dataclasses
import math
from collections.abc import Mapping

from terpret.errors import InputError
from terpret.language.errors import suggestion
from terpret.learning.method import Method
from terpret.learning.optimise import OPTIMISERS
from terpret.learning.presets import PRESETS

# What a field may be, as a preset or a JSON file has it.
Value = bool | int | float | str


@dataclasses.dataclass(frozen=True)
class _Number:
    """A number of a range.

    Attributes:
      least, most: its ends.
      whole: whether it is an integer.
      below: whether `most` itself is too much.
      above: whether `least` itself is too little.
    """

    least: float
    most: float
    whole: bool = False
    below: bool = False
    above: bool = False

    def taken(self, value: object) -> Value | None:
        """The value as a method has it; None where it is none."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        # An integer beyond all floats compares with them, and is in no range.
        if not self.least <= value <= self.most:
            return None
        if (self.below and value == self.most) or (self.above and value == self.least):
            return None
        if self.whole:
            return int(value) if value == math.floor(value) else None
        # 0.0 and -0.0 are one number.
        return float(value) + 0.0

    def __str__(self) -> str:
        kind = "an integer" if self.whole else "a number"
        least = f"above {self.least:,}" if self.above else f"from {self.least:,}"
        return f"{kind} {least}{', below ' if self.below else ' to '}{self.most:,}"


@dataclasses.dataclass(frozen=True)
class _Word:
    """One of some words."""

    words: tuple[str, ...]

    def taken(self, value: object) -> Value | None:
        """The value as a method has it; None where it is none."""
        return value if isinstance(value, str) and value in self.words else None

    def __str__(self) -> str:
        return f"{', '.join(self.words[:-1])} or {self.words[-1]}"


@dataclasses.dataclass(frozen=True)
class _Truth:
    """True or false."""

    def taken(self, value: object) -> Value | None:
        """The value as a method has it; None where it is none."""
        return value if isinstance(value, bool) else None

    def __str__(self) -> str:
        return "true or false"


_AMOUNT, _SHARE = _Number(0, 1_000), _Number(0, 1)
_UPDATES = _Number(1, 10**9, whole=True)
# What each field may be: of methods, and of their strategies.
_FIELDS: Mapping[str, _Number | _Word | _Truth] = {
    "optimiser": _Word(tuple(OPTIMISERS)),
    "program_rate": _AMOUNT,
    "network_rate": _AMOUNT,
    "decay": _Number(0, 1, below=True),
    "momentum": _Number(0, 1, below=True),
    "clip": _Number(0, 10**6),
    "gradient_noise": _AMOUNT,
    "gradient_noise_decay": _Number(0, 100),
    "entropy": _AMOUNT,
    "entropy_decay": _AMOUNT,
    "shift": _Number(0, 100, whole=True),
    "dirichlet": _Number(0, 10**6, above=True),
    "gumbel": _AMOUNT,
    "anneal": _Truth(),
    "stop_below_loss": _Number(0, 10**6),
    "first_rung": _Number(0, 10**12, whole=True),
    "plateau": _SHARE,
    "attempt": _UPDATES,
    "stuck_below": _SHARE,
    "wait": _SHARE,
    "cycle": _UPDATES,
    "decaying": _SHARE,
    "logit_decay": _SHARE,
    "noise_scale": _AMOUNT,
    "candidates": _Number(1, 10_000, whole=True),
    "memory": _Number(1, 10_000, whole=True),
    "posed": _Number(1, 10_000, whole=True),
    "tolerate": _Number(0, 1, below=True),
    "smallest": _Truth(),
    "weigh": _Truth(),
    "patience": _Number(0, 10**6, above=True),
}
# What a user may look for among the fields, and where it is said instead.
_ELSEWHERE = {
    "preset": "choose it by --preset (in Python: preset=)",
    "strategy": "it is the preset's: choose that by --preset (in Python: preset=)",
    "batch_size": "give it by --batch_size (in Python: batch_size=)",
    "updates": "say by --examples (in Python: examples=) how many a restart learns from",
}
# Fields that say something only where the optimiser heeds them, or beside another that is not 0.
_OPTIMISERS_WITH = {"decay": ("adam", "rmsprop"), "momentum": ("momentum",)}
_BESIDE = {
    "gradient_noise_decay": "gradient_noise",
    "entropy_decay": "entropy",
    "plateau": "first_rung",
}


def changed(method: Method, values: Mapping[str, object]) -> Method:
    """A method with other values in some of its fields, or in those of its strategy.

    Args:
      method: a preset's.
      values: numbers, booleans and texts by the names of the fields.

    Raises:
      InputError: there is no such field, it cannot have the value, or it would be ignored.
    """
    there = fields_of(method)
    taken: dict[str, Value] = {}
    for name, value in values.items():
        if name not in there:
            raise InputError(_unknown(str(name), there))
        accepted = _FIELDS[name]
        one = accepted.taken(value)
        if one is None:
            raise InputError(f"{name} is {accepted}, not {_shown(value)}")
        taken[name] = one
    own = {field.name for field in dataclasses.fields(method)}
    # Every strategy is a dataclass of its settings, which the protocol cannot say.
    settings = {name: value for name, value in taken.items() if name not in own}
    strategy = dataclasses.replace(method.strategy, **settings)  # type: ignore[type-var]
    others: dict[str, object] = {name: value for name, value in taken.items() if name in own}
    new = dataclasses.replace(method, strategy=strategy, **others)  # type: ignore[arg-type]
    _refuse_ignored(new, taken)
    return new


def differing(method: Method, preset: Method) -> dict[str, Value]:
    """The fields of a method, and of its strategy, whose values differ from a preset's."""
    before = fields_of(preset)
    return {name: value for name, value in fields_of(method).items() if value != before.get(name)}


def fields_of(method: Method) -> dict[str, Value]:
    """The fields that can be changed, of a method and of its strategy, with their values."""
    values: dict[str, Value] = {}
    for one in (method, method.strategy):
        assert dataclasses.is_dataclass(one)
        names = (field.name for field in dataclasses.fields(one))
        values |= {name: getattr(one, name) for name in names if name in _FIELDS}
    return values


def _unknown(name: str, there: Mapping[str, Value]) -> str:
    """That there is no field of a name, and what may have been meant."""
    if name in _ELSEWHERE:
        return f"{name} is no field of a method: {_ELSEWHERE[name]}"
    if name in _FIELDS:
        others = [preset for preset, one in PRESETS.items() if name in fields_of(one)]
        return f"this preset has no {name}, which is for {' and '.join(others)} alone"
    hint = suggestion(name, there) or f"the fields are {', '.join(there)}"
    return f"a method has no field {_shown(name)}: {hint}"


def _refuse_ignored(method: Method, values: Mapping[str, Value]) -> None:
    """Refuses values that would say nothing.

    Raises:
      InputError: there is one.
    """
    for name in values:
        heeding = _OPTIMISERS_WITH.get(name, (method.optimiser,))
        if method.optimiser not in heeding:
            raise InputError(
                f"{name} says nothing to the optimiser {method.optimiser}: give it with "
                f"optimiser={' or '.join(heeding)}"
            )
        beside = _BESIDE.get(name)
        if beside and not getattr(method, beside) and values[name]:
            raise InputError(f"{name} says nothing where {beside} is 0: give both")


def _shown(value: object) -> str:
    """A value in a message: short, whatever it is."""
    if isinstance(value, bool):
        return str(value).lower()
    # So long an integer has no text.
    text = "so large a number" if isinstance(value, int) and abs(value) > 10**30 else repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
