"""What the tests of the language share: a text through reading, checking and building."""

from terpret.core.build import build
from terpret.language.checked import CheckedModel
from terpret.language.checker import check
from terpret.language.errors import Diagnostic, ModelError, Source
from terpret.language.parser import parse


def checked(text: str, **hypers: int) -> CheckedModel:
    """The checked form of a text, whose network was built as well."""
    source = Source("model.py", text)
    model = check(source, parse(source), hypers)
    build(model)
    return model


def errors(text: str, **hypers: int) -> tuple[Diagnostic, ...]:
    """The errors that a text is refused with; none if it is not."""
    try:
        checked(text, **hypers)
    except ModelError as error:
        return error.diagnostics
    return ()


def codes(text: str, **hypers: int) -> list[str]:
    """The codes of `errors`."""
    return [error.code for error in errors(text, **hypers)]


def rendered(text: str, **hypers: int) -> str:
    """What the terminal shows of a text that is refused."""
    try:
        checked(text, **hypers)
    except ModelError as error:
        return str(error)
    return ""
