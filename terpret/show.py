"""The compiler's trees as text, one function a stage: what `python -m terpret dump` prints."""

import numpy as np

from terpret.core.nodes import (
    Constant,
    Contract,
    Given,
    Input,
    Learned,
    Node,
    Param,
    Pick,
    Repeated,
    Rounds,
    Stack,
    topological,
)
from terpret.language import checked


def checked_text(model: checked.CheckedModel) -> str:
    """The checked tree: loops unrolled, names resolved, what each branch point merges."""
    lines = [f"{name} = {value}" for name, value in model.hypers.items()]
    for variable in model.variables:
        dims = f"[{', '.join(map(str, variable.dims))}]" if variable.dims else ""
        called = f" called {_names(variable)}" if variable.named else ""
        lines.append(f"{variable.name}: {variable.kind}({_domain(variable.domain)}){dims}{called}")
    for element, value in model.clamps.items():
        lines.append(f"{element} is clamped to {element.variable.word(value)}")
    lines += _block(model.statements, 0)
    lines += [f"observe {observation}" for observation in model.observations]
    return "\n".join(lines)


def _domain(domain: checked.Domain) -> str:
    return str(domain) if isinstance(domain, int) else f"Tensor{domain}"


def _names(variable: checked.Variable) -> str:
    names = variable.names
    return names if isinstance(names, str) else ", ".join(names)


def _block(statements: tuple[checked.Statement, ...], depth: int) -> list[str]:
    pad, lines = "    " * depth, []
    for statement in statements:
        match statement:
            case checked.Set(element, value):
                lines.append(f"{pad}{element} <- {_value(value)}")
            case checked.Switch(subject, cases, merged):
                lines.append(f"{pad}switch {_value(subject)}{_merged(merged)}")
                for case in cases:
                    lines.append(f"{pad}  case {', '.join(map(str, case.values))}:")
                    lines += _block(case.body, depth + 1)
            case checked.Bind(variable, subject, body, merged):
                name = f"{variable.name}@{variable.depth}"
                lines.append(f"{pad}bind {_value(subject)} as {name}{_merged(merged)}")
                lines += _block(body, depth + 1)
            case checked.Repeat(bodies):
                for body in bodies:
                    lines += _block(body, depth)
            case _:
                raise AssertionError(f"no statement that is known: {type(statement).__name__}")
    return lines


def _merged(elements: tuple[checked.Element, ...]) -> str:
    return f"  (merges {', '.join(map(str, elements))})" if elements else ""


def _value(value: checked.Expression) -> str:
    match value:
        case checked.Known(bound, values):
            return _by(bound, [str(v) for v in values])
        case checked.Read(bound, elements):
            return _by(bound, [str(element) for element in elements])
        case checked.Apply(table, arguments):
            return f"{table.name}({', '.join(map(_value, arguments))})"
        case checked.Learned(network, arguments):
            return f"{network.name}({', '.join(map(_value, arguments))})"
    raise AssertionError(f"no expression that is known: {type(value).__name__}")


def _by(bound: tuple[checked.BoundVariable, ...], choices: list[str]) -> str:
    if not bound:
        return choices[0]
    shown = ", ".join(choices[:6]) + (", ..." if len(choices) > 6 else "")
    return f"{{{shown}}}[{', '.join(f'{b.name}@{b.depth}' for b in bound)}]"


def network_text(outputs: dict[str, Node]) -> str:
    """The tensor network: a line a node with its axes, and contractions as einsums.

    Below the first node of a loop stands what it computes in every round, indented.
    """
    return "\n".join(_network(outputs, set()))


def _network(outputs: dict[str, Node], shown: set[Rounds]) -> list[str]:
    lines = []
    for node in topological(outputs.values()):
        lines.append(f"%{node.number} [{_axes(node)}] = {_node(node)}  # line {node.span.line}")
        if isinstance(node, Repeated) and node.rounds not in shown:
            shown.add(node.rounds)
            lines += [f"    {line}" for line in _rounds(node.rounds, shown)]
    return lines + [f"{name} = %{node.number}" for name, node in outputs.items()]


def _rounds(rounds: Rounds, shown: set[Rounds]) -> list[str]:
    """How operands become those of a round, and what is computed of them."""
    sliced = [f"given {place}: its element of each round" for place in sorted(rounds.sliced)]
    carried = [
        f"given {place}: then {root} of the round before"
        for place, root in sorted(rounds.carried.items())
    ]
    return [*sliced, *carried, *_network(rounds.body, shown)]


def _axes(node: Node) -> str:
    return ", ".join([*map(str, node.axes), *map(str, node.shape)])


def _node(node: Node) -> str:
    match node:
        case Param(name=name) | Input(name=name):
            return f"{type(node).__name__.lower()} {name}"
        case Constant(value=value):
            return f"constant {_numbers(value)}"
        case Pick(operand=operand, index=index):
            return f"%{operand.number}[{', '.join(map(str, index))}]"
        case Stack(elements=elements):
            return f"stack({', '.join(f'%{e.number}' for e in elements)})"
        case Learned(network=network, arguments=arguments, mapped=mapped):
            over = f" over {mapped} dimensions" if mapped else ""
            return f"{network.name}({', '.join(f'%{a.number}' for a in arguments)}){over}"
        case Given(place=place):
            return f"given {place}"
        case Repeated(rounds=rounds, inputs=inputs, root=root, every=every):
            which = "every round" if every else "the last round"
            operands = ", ".join(f"%{one.number}" for one in inputs)
            return f"{root} of {which} of {rounds.count} ({operands})"
        case Contract():
            factors = ", ".join(f"%{f.number}" for f in node.operands)
            terms = ",".join(_letters(labels) for labels in node.labels)
            return f"einsum '{terms}->{_letters(node.output)}' ({factors})"
    raise AssertionError(node)


def _letters(labels: tuple[int, ...]) -> str:
    return "".join(chr(ord("a") + k) if k < 26 else f"({k})" for k in labels)


def _numbers(value: np.ndarray) -> str:
    if value.size > 8:
        return f"of {np.count_nonzero(value)} non-zeros"
    return str(value.tolist())
