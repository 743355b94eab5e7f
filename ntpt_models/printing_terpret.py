"""How the original TerpreT's interpreters print their programs: tables, circuits, code."""

import math
from collections.abc import Iterator

from terpret.program import Program

Line = tuple[str, float | None]

GATES = ("{a} AND {b}", "{a} OR {b}", "{a} XOR {b}", "NOT {a}", "{a}")
# Operand names of each basic block instruction, in the order of its numbers.
INSTRUCTIONS = (
    "NOOP({a})",
    "MEMORY[{a}] = {b}",
    "MEMORY[{a}]",
    "ZERO",
    "INC({a})",
    "DEC({a})",
    "ADD({a}, {b})",
    "SUB({a}, {b})",
    "LESS({a}, {b})",
)
WRITE = 1
ONE_OPERAND, NO_OPERAND = (0, 2, 4, 5), (3,)
HEAD_MOVES = ("stay", "right", "left")


def turing(program: Program) -> Iterator[Line]:
    """A Turing machine: what is done in a state on a symbol. State 0 halts, 1 is the first."""
    values, sure = program.values, program.confidence
    states, symbols = values["write"].shape
    for state in range(1, states):
        for symbol in range(symbols):
            at = state, symbol
            target = int(values["newState"][at])
            then = "halt" if target == 0 else f"state {target}"
            confidence = math.prod(float(sure[name][at]) for name in ("write", "dir", "newState"))
            yield (
                f"state {state}, read {symbol}: write {values['write'][at]}, "
                f"{HEAD_MOVES[values['dir'][at]]}, {then}",
                confidence,
            )


def circuit(program: Program) -> Iterator[Line]:
    """A circuit: one gate a line, on wires that later gates overwrite."""
    values, sure = program.values, program.confidence
    for g, gate in enumerate(values["gate"]):
        a, b = f"w{values['in1'][g]}", f"w{values['in2'][g]}"
        used = ["gate", "in1", "out"] + (["in2"] if gate < 3 else [])
        confidence = math.prod(float(sure[name][g]) for name in used)
        yield f"w{values['out'][g]} = {GATES[gate].format(a=a, b=b)}", confidence


def basic_block(program: Program) -> Iterator[Line]:
    """Basic blocks: an instruction each, then a branch on a register. Block 0 halts."""
    values, sure = program.values, program.confidence
    for b, instruction in enumerate(values["instructions"]):
        if b == 0:
            yield "B0: halt", None
            continue
        first, second = f"R{values['arg1Reg'][b]}", f"R{values['arg2Reg'][b]}"
        text = INSTRUCTIONS[instruction].format(a=first, b=second)
        used = ["instructions", "condReg", "thenBlock", "elseBlock"]
        used += [] if instruction in NO_OPERAND else ["arg1Reg"]
        used += [] if instruction in (*NO_OPERAND, *ONE_OPERAND) else ["arg2Reg"]
        if instruction != WRITE:
            text = f"R{values['outReg'][b]} = {text}"
            used.append("outReg")
        confidence = math.prod(float(sure[name][b]) for name in used)
        branch = f"if R{values['condReg'][b]} > 0: B{values['thenBlock'][b]}"
        yield f"B{b}: {text}; {branch} else B{values['elseBlock'][b]}", confidence
