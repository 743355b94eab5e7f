"""Which of the models here a model is: by what it says, never by what its file is called."""

import dataclasses
import functools

from terpret.language import syntax
from terpret.language.checked import CheckedModel
from terpret.language.declarations import declared_kind
from terpret.language.errors import Source, read_source
from terpret.language.model_files import built_in_names, built_in_path
from terpret.language.parser import parse


def shipped_name(model: CheckedModel) -> str | None:
    """The model here that this one is, but for comments, hypers and names of values; None of none.

    What is known of a model here holds for it then, whatever its file is called.
    """
    return _name_of(model.source.text)


@functools.lru_cache(maxsize=64)
def _name_of(text: str) -> str | None:
    tree = _meaning(Source("", text))
    return next((name for name in built_in_names() if _shipped(name) == tree), None)


@functools.cache
def _shipped(name: str) -> tuple[syntax.Statement, ...]:
    return _meaning(read_source(built_in_path(name)))


def _meaning(source: Source) -> tuple[syntax.Statement, ...]:
    """The statements of a model without the defaults of its hypers and the names of its values."""
    return tuple(map(_plain, parse(source).statements))


def _plain(statement: syntax.Statement) -> syntax.Statement:
    # The models here declare all they have at the top level.
    call = declared_kind(statement.value) if isinstance(statement, syntax.Assign) else None
    if call is None:
        return statement
    bare = dataclasses.replace(
        call,
        arguments=() if call.function == "Hyper" else call.arguments,
        keywords=tuple(pair for pair in call.keywords if pair[0] != "names"),
    )
    value = statement.value
    value = bare if value is call else dataclasses.replace(value, base=bare)
    return dataclasses.replace(statement, value=value)
