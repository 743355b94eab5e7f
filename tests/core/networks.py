"""Small models, and their networks after each pass."""

from collections.abc import Iterator

from terpret.compile import IMPROVE, REORDER
from terpret.core.build import build
from terpret.core.loops import with_bodies
from terpret.core.nodes import Outputs, Repeated, topological
from terpret.core.pool import MAX_NODES
from terpret.language.checked import CheckedModel
from terpret.language.checker import check
from terpret.language.errors import Source
from terpret.language.parser import parse
from tests.small_models import NETWORKED, TINY

RESTARTS = 10

# A tape whose cells are shifted by a Param: alike cells share a lane.
TAPE = """
tape = Input(3)[4]
out = Output(3)[4]
shift = Param(3)
old = Var(3)[4]

@Runtime([3, 3], 3)
def add(a, b):
    return (a + b) % 3

for m in range(4):
    old[m].set_to(add(tape[m], shift))
for m in range(4):
    out[m].set_to(old[m])
"""
# Two of three instructions read the images at a position that a Param chooses.
MOVES = """
images = InputTensor(4)[3]
y = Output(3)
instr = Param(3)
place = Param(3)
pos = Var(3)
seen = Var(3)

@Learn([Vector(4)], 3, hid_sizes=[5])
def net(a):
    pass

@Runtime([3], 3)
def right(p):
    return (p + 1) % 3

if instr == 0:
    pos.set_to(place)
    seen.set_to(0)
elif instr == 1:
    pos.set_to(right(place))
    with pos as p:
        seen.set_to(net(images[p]))
else:
    pos.set_to(place)
    with pos as p:
        seen.set_to(net(images[p]))
y.set_to(seen)
"""
# In each of six rounds a Param says what becomes of the state, and a network sees another image.
STEPS = """
images = InputTensor(4)[6]
y = Output(3)[2]
instr = Param(2)[6]
state = Var(3)[7]

@Learn([Vector(4)], 3, hid_sizes=[5])
def net(a):
    pass

@Runtime([3, 3], 3)
def add(a, b):
    return (a + b) % 3

state[0].set_to(0)
for t in range(6):
    if instr[t] == 0:
        state[t + 1].set_to(add(state[t], net(images[t])))
    else:
        state[t + 1].set_to(t % 3)
y[0].set_to(state[6])
y[1].set_to(state[3])
"""
MODELS = {"tiny": TINY, "networked": NETWORKED, "tape": TAPE, "moves": MOVES, "steps": STEPS}


def checked(name: str) -> CheckedModel:
    """One of the models, checked."""
    source = Source(f"{name}.py", MODELS[name])
    return check(source, parse(source), {})


def passes(name: str) -> Iterator[tuple[str, Outputs]]:
    """The network of a model as it was built and after each pass, by the pass's name."""
    outputs = build(checked(name), loops="always")
    yield "build", outputs
    if any(isinstance(node, Repeated) for node in topological(outputs.values())):
        outputs = with_bodies(outputs, MAX_NODES, _improved)
        yield with_bodies.__name__, outputs
    yield from _passes(outputs)


def _passes(outputs: Outputs) -> Iterator[tuple[str, Outputs]]:
    for improve in IMPROVE:
        outputs = improve(outputs, MAX_NODES)
        yield improve.__name__, outputs
    for reorder in REORDER:
        outputs = reorder(outputs, RESTARTS, MAX_NODES)
        yield reorder.__name__, outputs


def _improved(outputs: Outputs) -> Outputs:
    return dict(_passes(outputs))[REORDER[-1].__name__]
