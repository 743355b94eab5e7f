"""The models with the programs left out that do what another one does: a solver finds them sooner.

Each text is appended to a built-in model, as observations of its Params alone. Every program has
one that does the same and is kept:

- What an instruction does not read is 0, and so is what a branch to one block tests.
- Of two numbers that are added the register of the first is no greater than that of the second.
- Registers all begin as 0, so the first line writes register 0, if it writes one.
- Basic blocks are numbered in the order in which blocks before them go to them. Those that none
  goes to are anything.

- Of two wires that a gate reads the first is the lower one, and what is no second wire is 0. AND
  and OR of one wire twice are COPY.
- Of two gates in a row that may change places the one that writes the lower wire is first.

So a program of such a model is one of the built-in model, and where there is none, there is none.
Turing machines are as they are.
"""

from collections.abc import Mapping

from terpret.compile import check_model
from terpret.language.checked import CheckedModel
from terpret.language.errors import Source, read_source
from terpret.language.model_files import built_in_path

REGISTERS = """
canonical = Var(2)[NUM_BLOCK]


@Runtime([NUM_INSTR, numRegisters, numRegisters, numRegisters], 2)
def is_canonical(instruction, a, b, out):
    if instruction == 3 and a > 0:
        return 0
    if (instruction == 0 or 2 <= instruction <= 5 or instruction >= 9) and b > 0:
        return 0
    if (instruction == 1 or instruction >= 9) and out > 0:
        return 0
    if instruction == 6 and a > b:
        return 0
    return 1


for b in range(1, NUM_BLOCK):
    canonical[b].set_to(is_canonical(instructions[b], arg1Reg[b], arg2Reg[b], outReg[b]))
    canonical[b].observe_value(1)
outReg[1].observe_value(0)
"""

BASIC_BLOCK = """
reached = Var(NUM_BLOCK)[2 * NUM_BLOCK]
in_order = Var(2)[2 * NUM_BLOCK]
tests = Var(2)[NUM_BLOCK]


@Runtime([NUM_BLOCK, NUM_BLOCK], NUM_BLOCK)
def farther(a, b):
    return a if a > b else b


@Runtime([NUM_BLOCK, NUM_BLOCK], 2)
def next_at_most(a, last):
    return 1 if a <= last + 1 else 0


@Runtime([NUM_BLOCK, NUM_BLOCK, numRegisters], 2)
def tests_for_something(a, b, condition):
    return 1 if a != b or condition == 0 else 0


reached[1].set_to(1)
for b in range(1, NUM_BLOCK):
    in_order[2 * b].set_to(next_at_most(thenBlock[b], reached[2 * b - 1]))
    in_order[2 * b].observe_value(1)
    reached[2 * b].set_to(farther(thenBlock[b], reached[2 * b - 1]))
    in_order[2 * b + 1].set_to(next_at_most(elseBlock[b], reached[2 * b]))
    in_order[2 * b + 1].observe_value(1)
    reached[2 * b + 1].set_to(farther(elseBlock[b], reached[2 * b]))
    tests[b].set_to(tests_for_something(thenBlock[b], elseBlock[b], condReg[b]))
    tests[b].observe_value(1)
arg1Reg[0].observe_value(0)
arg2Reg[0].observe_value(0)
outReg[0].observe_value(0)
condReg[0].observe_value(0)
"""

ASSEMBLY = """
goes_nowhere = Var(2)[NUM_BLOCK]


@Runtime([NUM_INSTR, NUM_BLOCK], 2)
def jumps_or_zero(instruction, address):
    return 1 if instruction >= 9 or address == 0 else 0


for b in range(1, NUM_BLOCK):
    goes_nowhere[b].set_to(jumps_or_zero(instructions[b], branchAddr[b]))
    goes_nowhere[b].observe_value(1)
"""

CIRCUIT = """
canonical = Var(2)[numGates]
reads_last = Var(2)[numGates]
reads_next = Var(2)[numGates]
in_order = Var(2)[numGates]


@Runtime([5, numWires, numWires], 2)
def is_canonical(kind, a, b):
    if kind >= 3:
        return 1 if b == 0 else 0
    return 1 if a < b or (kind == 2 and a == 0 and b == 0) else 0


@Runtime([5, numWires, numWires, numWires], 2)
def reads(kind, a, b, wire):
    return 1 if a == wire or (kind < 3 and b == wire) else 0


@Runtime([2, 2, numWires, numWires], 2)
def stay_in_order(second_reads, first_reads, first, second):
    return 1 if second_reads == 1 or first_reads == 1 or first <= second else 0


for g in range(numGates):
    canonical[g].set_to(is_canonical(gate[g], in1[g], in2[g]))
    canonical[g].observe_value(1)
for g in range(1, numGates):
    reads_last[g].set_to(reads(gate[g], in1[g], in2[g], out[g - 1]))
    reads_next[g].set_to(reads(gate[g - 1], in1[g - 1], in2[g - 1], out[g]))
    in_order[g].set_to(stay_in_order(reads_last[g], reads_next[g], out[g - 1], out[g]))
    in_order[g].observe_value(1)
"""

TEXTS = {
    "circuit": CIRCUIT,
    "basic_block": REGISTERS + BASIC_BLOCK,
    "assembly": REGISTERS + ASSEMBLY,
}


def canonical(model: str, hypers: Mapping[str, int]) -> CheckedModel:
    """A built-in model with the programs left out that do what another one does."""
    text = read_source(built_in_path(model)).text + TEXTS.get(model, "")
    return check_model(Source(f"canonical {model}", text), hypers)
