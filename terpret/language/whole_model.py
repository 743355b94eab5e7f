"""What is checked of a model as a whole: Outputs that are set, what is never read, divisions."""

from collections.abc import Iterable, Iterator

from terpret.language import syntax
from terpret.language.assignment import Frame
from terpret.language.checked import Variable, elements_of
from terpret.language.errors import Diagnostics


def outputs_set(
    variables: Iterable[Variable], observed: bool, frame: Frame, diagnostics: Diagnostics
) -> None:
    """Reports Outputs that are not set on every path, and a model that observes nothing."""
    outputs = [v for v in variables if v.kind == "Output"]
    if not outputs and not observed:
        diagnostics.add(
            "E402",
            diagnostics.source.end(),
            "the model has no Output",
            "declare what is observed, 'y = Output(n)', and set it",
        )
    for variable in outputs:
        missing = next((e for e in elements_of(variable) if frame.where_set(e) is None), None)
        if missing is None:
            continue
        partial = frame.where_partial(missing)
        when = f" when {partial[1]} (line {partial[0].line})" if partial else ""
        diagnostics.add(
            "E402",
            variable.span,
            f"the Output '{missing}' is not set{when}",
            "set it on every path",
        )


def warn_unused(
    variables: Iterable[Variable], read: set[Variable], diagnostics: Diagnostics
) -> None:
    """Warns of variables that are never read."""
    variables = list(variables)
    # Elements declared one by one in a loop are one declaration.
    used = {variable.span for variable in variables if variable in read}
    for variable in variables:
        if variable.kind != "Output" and variable.span not in used:
            diagnostics.add(
                "W101",
                variable.span,
                f"'{variable.name}' is never read",
                "remove it, or read it",
            )


def warn_divisions(module: syntax.Module, diagnostics: Diagnostics) -> None:
    """Warns of `/`, which divides integers as in Python 2."""
    if "/" not in diagnostics.source.text:
        return
    for node in _nodes(module.statements):
        if isinstance(node, syntax.Binary) and node.operator == "/":
            diagnostics.add(
                "W102", node.span, "'/' divides integers here, rounding down", "write '//'"
            )


def _nodes(parts: tuple[object, ...]) -> Iterator[object]:
    waiting = list(parts)
    while waiting:
        node = waiting.pop()
        if isinstance(node, tuple):
            waiting.extend(node)
        elif isinstance(node, syntax.Expression | syntax.Statement):
            yield node
            waiting.extend(vars(node).values())
