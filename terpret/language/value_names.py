"""What a model calls the values of a variable: `names=["stay", "right", "left"]`, `names="R{}"`."""

from terpret.language import syntax
from terpret.language.checked import PLACE, Domain
from terpret.language.scope import Scope
from terpret.language.static_error import StaticError

MAX_LENGTH = 60
_WRITE = 'write names=["stay", "right"], a name for each value, or names="R{}" for all'
_PATTERN = 'write names="R{}"'


def value_names(
    given: syntax.Expression, domain: Domain, scope: Scope, size: syntax.Expression
) -> str | tuple[str, ...]:
    """The names that a declaration gives: one for each value, or a pattern for all.

    Args:
      given: the names.
      domain: the values.
      scope: where they are declared.
      size: how the declaration says how many values there are; unless it is a number, there may be
        names for more.

    Raises:
      StaticError: these are no names, or not those of so many values.
    """
    if not isinstance(domain, int):
        raise _refused(given, "the values of a tensor have no names", "leave 'names' out")
    match given:
        case syntax.Text():
            return _pattern(given)
        case syntax.ListDisplay(items):
            scope.burn(len(items), given.span)
            return _list(given, items, domain, not isinstance(size, syntax.Number))
    raise _refused(given, "these are not names", _WRITE)


def _pattern(given: syntax.Text) -> str:
    pattern = _name(given)
    if pattern.count(PLACE) != 1 or set("{}") & set(pattern.replace(PLACE, "")):
        raise _refused(
            given,
            "a pattern of names has one '{}', where the number of the value stands",
            f"{_PATTERN}, or a list with a name for each value",
        )
    return pattern


def _list(
    given: syntax.Expression, items: tuple[syntax.Expression, ...], values: int, more: bool
) -> tuple[str, ...]:
    names = tuple(map(_name, items))
    if len(names) < values or len(names) > values and not more:
        raise _refused(
            given,
            f"{_count(len(names), 'name')} for {_count(values, 'value')}",
            f"give each value a name, or {_PATTERN} for all",
        )
    known: set[str] = set()
    for name, item in zip(names, items, strict=True):
        if name in known:
            raise _refused(item, f"two values are called '{name}'", "give each its own name")
        known.add(name)
    return names[:values]


def _name(given: syntax.Expression) -> str:
    if not isinstance(given, syntax.Text):
        raise _refused(given, "this is not a name", _WRITE)
    name = given.value
    if not name or name != name.strip() or not name.isprintable() or len(name) > MAX_LENGTH:
        raise _refused(
            given,
            "the name of a value is a short text in one line, without blanks around it",
            f"write 1 to {MAX_LENGTH} visible characters",
        )
    return name


def _refused(given: syntax.Expression, message: str, help: str) -> StaticError:
    return StaticError("E214", given.span, message, help)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + "s" * (number != 1)
