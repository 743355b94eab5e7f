"""Checks that a network is well formed; run after every pass, before anything is emitted."""

from terpret.core.nodes import (
    BATCH,
    RESTART,
    Constant,
    Contract,
    Given,
    Input,
    Learned,
    Node,
    Outputs,
    Param,
    Pick,
    Repeated,
    Rounds,
    Stack,
    extents,
    merge_axes,
    topological,
)

# Stand-ins for the open sizes, unlike each other and unlike any size of a model.
_RESTARTS, _BATCH = -1, -2


class Malformed(AssertionError):
    """A pass made a network that means nothing: a defect of the compiler, not of the model."""


def verify(outputs: Outputs, body: bool = False) -> Outputs:
    """Returns `outputs` when every node is well formed, and so are the bodies of loops.

    Args:
      outputs: the roots of a network by name.
      body: whether it is the body of a loop, whose roots may keep any axis.

    Raises:
      Malformed: naming the first node that is not.
    """
    bodies: set[Rounds] = set()
    for node in topological(outputs.values()):
        if isinstance(node, Repeated) and node.rounds not in bodies:
            bodies.add(node.rounds)
            verify(node.rounds.body, body=True)
        problem = _problem(node)
        if isinstance(node, Given) and not body:
            problem = "it is given, and there is no loop around it"
        if problem:
            raise Malformed(f"node {node.number} (line {node.span.line}): {problem}")
    for name, node in outputs.items():
        if not body and set(node.axes) - {RESTART, BATCH}:
            raise Malformed(f"output {name} keeps an axis of a finished 'with'")
    return outputs


def _problem(node: Node) -> str:
    if list(node.axes) != sorted(set(node.axes)):
        return "its axes are not in canonical order"
    if any(operand.number >= node.number for operand in node.operands):
        return "an operand was made after it"
    match node:
        case Given():
            return ""
        case Repeated():
            return _loop_problem(node)
        case Param() | Input():
            return "" if node.shape else "it has no dimension"
        case Constant():
            return "" if node.value.shape == node.shape else "its value has another shape"
        case Pick(operand=operand, index=index):
            inside = all(0 <= i < n for i, n in zip(index, operand.shape, strict=False))
            return "" if inside and len(index) <= len(operand.shape) else "its index is outside"
        case Stack(elements=elements):
            alike = all(element.shape == node.shape[1:] for element in elements)
            if not alike or len(elements) != node.shape[0]:
                return "its elements differ in shape"
            return "" if merge_axes(elements) == node.axes else "its axes are not its elements'"
        case Contract():
            return _contract_problem(node)
        case Learned(arguments=arguments):
            return "" if set(merge_axes(arguments)) <= set(node.axes) else "it lost an axis"
    return f"no kind of node that is known: {type(node).__name__}"


def _loop_problem(node: Repeated) -> str:
    rounds, inputs = node.rounds, node.inputs
    if node.root not in rounds.body or len(rounds.axes) != len(inputs):
        return "its loop has no such root, or other operands"
    made = rounds.body[node.root]
    if node.axes != rounds.axes_of(node.root):
        return "it has other axes than its root"
    if node.shape != ((rounds.count, *made.shape) if node.every else made.shape):
        return "it has another shape than its root"
    if not {*rounds.carried, *rounds.sliced} <= set(range(len(inputs))):
        return "it carries or slices an operand that is not there"
    for place, (one, axes) in enumerate(zip(inputs, rounds.axes, strict=True)):
        if place in rounds.carried:
            problem = _carried_problem(rounds, place, one)
        else:
            problem = "" if one.axes == axes else f"operand {place} has other axes in a round"
        if not problem and place in rounds.sliced and one.shape[:1] != (rounds.count,):
            problem = f"operand {place} has not one element a round"
        if problem:
            return problem
    for leaf in topological(rounds.body.values()):
        if isinstance(leaf, Given):
            if not 0 <= leaf.place < len(inputs):
                return f"there is no operand {leaf.place}, which its body is given"
            shape = inputs[leaf.place].shape[leaf.place in rounds.sliced :]
            if leaf.axes != rounds.axes[leaf.place] or leaf.shape != shape:
                return f"operand {leaf.place} is not what its body was given"
    return ""


def _carried_problem(rounds: Rounds, place: int, operand: Node) -> str:
    if place in rounds.sliced:
        return f"operand {place} is both carried and sliced"
    if rounds.carried[place] not in rounds.body:
        return f"operand {place} is to be a root that is not there"
    after, axes = rounds.body[rounds.carried[place]], set(rounds.axes[place])
    if not set(operand.axes) <= axes:
        return f"operand {place} has an axis that it has not in a round"
    if not set(after.axes) <= axes:
        return f"operand {place} gains an axis in the next round"
    if operand.shape != after.shape:
        return f"operand {place} is of another shape in the next round"
    return ""


def _contract_problem(node: Contract) -> str:
    sizes: dict[int, int] = {}
    for factor, labels in node.terms:
        shape = extents(factor, _RESTARTS, _BATCH)
        if len(labels) != len(shape):
            return "an operand has too many or too few labels"
        if len(set(labels)) != len(labels):
            return "an operand has one label twice"
        for label, size in zip(labels, shape, strict=True):
            if sizes.setdefault(label, size) != size:
                return f"label {label} has two sizes"
    if len(set(node.output)) != len(node.output):
        return "the result has one label twice"
    if tuple(sizes.get(label) for label in node.output) != extents(node, _RESTARTS, _BATCH):
        return "the result's labels do not give its axes and shape"
    summed = set(sizes) - set(node.output)
    if any(sizes[label] in (_RESTARTS, _BATCH) for label in summed):
        return "it sums over examples or restarts"
    return ""
