"""How messages name what the checker works with."""

from terpret.language.checked import Apply, Domain, Expression, Known, Learned, Read


def describe(expression: Expression) -> str:
    """How a message names a checked expression."""
    match expression:
        case Read(bound, elements):
            return f"'{elements[0].variable.name}[...]'" if bound else f"'{elements[0]}'"
        case Apply(table):
            return f"'{table.name}(...)'"
        case Learned(network):
            return f"'{network.name}(...)'"
        case Known(bound, values):
            return f"'{bound[0].name}'" if bound else str(values[0])


def ranges(domain: Domain) -> str:
    """`ranges over 0..9`, or the shape of a tensor."""
    if isinstance(domain, int):
        return f"ranges over 0..{domain - 1}"
    return f"is a tensor of shape ({', '.join(map(str, domain))})"


def when(subject: Expression, values: tuple[int, ...]) -> str:
    """`'x' is 1 or 2`."""
    shown = sorted(values)
    listed = " or ".join(map(str, shown[:4])) + (" or more" if len(shown) > 4 else "")
    return f"{describe(subject)} is {listed}"


def flat(name: str, index: tuple[int, ...]) -> str:
    """`x[1, 2]`, or `x` for a scalar."""
    return f"{name}[{', '.join(map(str, index))}]" if index else name
