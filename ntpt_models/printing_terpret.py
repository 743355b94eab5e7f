"""How the original TerpreT's interpreters print their programs: tables, circuits, code."""

import math
from collections.abc import Iterator

from ntpt_models.words import Line, Words

# The gates by the number of their operands; what is left copies its operand.
TWO_OPERANDS, NEGATION = (0, 1, 2), 3
# The instructions that are not written as calls, and what the calls are given.
WRITE, READ = 1, 2
NO_OPERAND, ONE_OPERAND = (3,), (0, 2, 4, 5)
# The instructions of assembly that jump.
JUMPS = 9, 10


def turing(words: Words) -> Iterator[Line]:
    """A Turing machine: what is done in a state on a symbol. State 0 halts, 1 is the first."""
    states, symbols = words.values("write").shape
    for state in range(1, states):
        for symbol in range(symbols):
            at = state, symbol
            halts = words.values("newState")[at] == 0
            then = "halt" if halts else f"state {words.at('newState', at)}"
            yield (
                f"state {words.of('newState', state)}, read {words.of('write', symbol)}: "
                f"write {words.at('write', at)}, {words.at('dir', at)}, {then}",
                words.sure(at, "write", "dir", "newState"),
            )


def circuit(words: Words) -> Iterator[Line]:
    """A circuit: one gate a line, on wires that later gates overwrite."""
    for g, gate in enumerate(words.values("gate")):
        word, a, b = (words.at(name, g) for name in ("gate", "in1", "in2"))
        used = ["gate", "in1", "out"]
        if gate in TWO_OPERANDS:
            text, used = f"{a} {word} {b}", [*used, "in2"]
        else:
            text = f"{word} {a}" if gate == NEGATION else a
        yield f"{words.at('out', g)} = {text}", words.sure(g, *used)


def basic_block(words: Words) -> Iterator[Line]:
    """Basic blocks: an instruction each, then a branch on a register. Block 0 halts."""
    for b in range(len(words.values("instructions"))):
        block = words.of("thenBlock", b)
        if b == 0:
            yield f"{block}: halt", None
            continue
        text, used = _statement(words, b)
        branch = f"if {words.at('condReg', b)} > 0: {words.at('thenBlock', b)}"
        text = f"{block}: {text}; {branch} else {words.at('elseBlock', b)}"
        yield text, words.sure(b, *used, "condReg", "thenBlock", "elseBlock")


def assembly(words: Words) -> Iterator[Line]:
    """Assembly: an instruction a line, or a jump. After the last line comes line 0, which halts."""
    for b, instruction in enumerate(words.values("instructions")):
        line = words.of("branchAddr", b)
        if b == 0:
            yield f"{line}: halt", None
        elif instruction in JUMPS:
            names = "instructions", "arg1Reg", "branchAddr"
            yield f"{line}: {' '.join(words.at(name, b) for name in names)}", words.sure(b, *names)
        else:
            text, used = _statement(words, b)
            yield f"{line}: {text}", words.sure(b, *used)


def parity_chain(words: Words) -> Iterator[Line]:
    """A parity chain: its bits."""
    bits = range(len(words.values("x")))
    yield "".join(words.at("x", k) for k in bits), math.prod(words.sure(k, "x") for k in bits)


def _statement(words: Words, b: int) -> tuple[str, list[str]]:
    """What a block does besides branching, and the Params that say so."""
    instruction = words.values("instructions")[b]
    used = ["instructions"]
    if instruction not in NO_OPERAND:
        used.append("arg1Reg")
    if instruction not in (*NO_OPERAND, *ONE_OPERAND):
        used.append("arg2Reg")
    text = _instruction(words, b, [name for name in used if name.startswith("arg")])
    if instruction == WRITE:
        return text, used
    return f"{words.at('outReg', b)} = {text}", [*used, "outReg"]


def _instruction(words: Words, b: int, operands: list[str]) -> str:
    """The instruction of a block, without the register that its result goes to."""
    instruction = words.values("instructions")[b]
    given = [words.at(name, b) for name in operands]
    if instruction == WRITE:
        return f"MEMORY[{given[0]}] = {given[1]}"
    if instruction == READ:
        return f"MEMORY[{given[0]}]"
    word = words.at("instructions", b)
    return f"{word}({', '.join(given)})" if given else word
