"""Statements about one element: `set_to`, `set_to_constant` (also of Params), `observe_value`."""

from collections.abc import Callable

from terpret.language import syntax
from terpret.language.assignment import Frame
from terpret.language.checked import Element, Known, Observation, Read, Set
from terpret.language.errors import Span
from terpret.language.place import Place
from terpret.language.static_error import StaticError
from terpret.language.step_limit import OutOfFuel
from terpret.language.values import Values


class Settings:
    """What a model sets and observes.

    Attributes:
      clamps: elements of Params that are set to a constant.
      observations: constants observed of elements.
    """

    def __init__(self, values: Values, report: Callable[[StaticError, Place], None]):
        self.clamps: dict[Element, int] = {}
        self.observations: list[Observation] = []
        self._values, self._report = values, report

    def set_to(self, statement: syntax.SetTo, place: Place) -> tuple[Set, ...]:
        """Checks `set_to` and `set_to_constant`; nothing is left of a clamped Param.

        Raises:
          StaticError: with what is wrong, when it is not known which element is set.
        """
        element = self._values.target(statement.target, place.scope)
        variable, span = element.variable, statement.span
        if variable.kind == "Param":
            self._clamp(element, statement, place)
            return ()
        if variable.kind == "Input":
            raise StaticError(
                "E403", span, f"'{element}' is an Input, which is given", "set a Var or an Output"
            )
        try:
            value = self._values.value(
                statement.value, place.scope, place.frame, variable.domain, f"'{element}'"
            )
            if statement.method == "set_to_constant" and not isinstance(value, Known):
                raise StaticError(
                    "E405", statement.value.span, "this is not a constant", "write 'set_to'"
                )
            self._once(element, span, place.frame)
        except OutOfFuel:
            raise
        except StaticError as error:
            # Taken as set all the same, so that one slip gives one message.
            place.frame.set.setdefault(element, span)
            self._report(error, place)
            return ()
        place.frame.set[element] = span
        return (Set(element, value, span),)

    def _once(self, element: Element, span: Span, frame: Frame) -> None:
        first = frame.where_set(element)
        partial = frame.where_partial(element)
        if first is not None:
            line, some = first.line, ""
        elif partial is not None:
            line, some = partial[0].line, "in some branches "
        else:
            return
        raise StaticError(
            "E401",
            span,
            f"'{element}' is set twice: it was set {some}in line {line}",
            "set every element once on every path; use another Var for a new value",
        )

    def _clamp(self, element: Element, statement: syntax.SetTo, place: Place) -> None:
        span = statement.span
        if not place.static:
            raise StaticError(
                "E403",
                span,
                f"'{element}' is a Param, which a branch cannot set",
                "set a Var, or clamp the Param outside the branches",
            )
        value = self._values.value(
            statement.value, place.scope, place.frame, element.variable.domain, f"'{element}'"
        )
        if not isinstance(value, Known):
            raise StaticError(
                "E403",
                span,
                f"'{element}' is a Param, which can be set to a constant alone",
                "set a Var, or clamp the Param to an integer",
            )
        if element in self._values.params:
            raise StaticError(
                "E406",
                span,
                f"'{element}' is clamped after it was read in line "
                f"{self._values.params[element].line}",
                "clamp a Param before anything reads it",
            )
        self._once(element, span, place.frame)
        place.frame.set[element] = span
        self.clamps[element] = value.values[0]

    def observe(self, statement: syntax.SetTo, place: Place) -> None:
        """Checks `observe_value`.

        Raises:
          StaticError: with what is wrong.
        """
        element = self._values.target(statement.target, place.scope)
        if not place.static:
            raise StaticError(
                "E407",
                statement.span,
                "this observation is inside a branch",
                "observe after the branches: a Var that they set",
            )
        seen = self._values.value(statement.target, place.scope, place.frame)
        if element.variable.kind == "Input" or not isinstance(seen, Read):
            raise StaticError(
                "E407", statement.span, f"'{element}' is given", "observe a Var or an Output"
            )
        value = self._values.value(
            statement.value, place.scope, place.frame, seen.domain, f"'{element}'"
        )
        if not isinstance(value, Known):
            raise StaticError(
                "E405",
                statement.value.span,
                "this is not a constant",
                "observe an integer; labels that differ are given to an Output",
            )
        self.observations.append(Observation(element, value.values[0], statement.span))
