"""How the models print their learned programs (Figures 3 and 4(b)), and how many there are.

A listing says what a program does because the model is the one that it was written for, which
`shipped_name` decides; every other model prints the value of each Param. The words are the
model's own names of its values.
"""

import math
from collections.abc import Callable, Iterator

from ntpt_models import printing_terpret
from ntpt_models.shipped import shipped_name
from ntpt_models.words import Line, Words
from terpret.discrete.listing import Listing, plain_code, plain_lines
from terpret.discrete.program import Program, assignments
from terpret.language.checked import CheckedModel


def source_code(program: Program) -> str:
    """The program as readable source code, with the confidence of each line.

    A line's confidence is the probability of its instruction times those of the arguments it uses.
    """
    lines = _listing(program)
    if lines is None:
        return plain_code(program)
    width = max((len(text) for text, _ in lines), default=0)
    return "\n".join(
        text if confidence is None else f"{text:<{width}}  # {confidence:.2f}"
        for text, confidence in lines
    )


def source_lines(program: Program) -> list[str]:
    """The lines of the source code without confidences: alike for programs that do the same."""
    lines = _listing(program)
    return plain_lines(program) if lines is None else [text for text, _ in lines]


def has_listing(model: CheckedModel) -> bool:
    """Whether the programs of a model print as listings: it is one of ours and names its values."""
    name = shipped_name(model)
    named = {variable.name for variable in model.of_kind("Param") if variable.named}
    return name in _PRINTERS and named.issuperset(_PRINTERS[name][1])


def distinct_programs(model: CheckedModel) -> int:
    """The number of syntactically distinct programs.

    Two assignments that differ only in arguments their instructions do not use are one program.
    """
    count = _DISTINCT.get(shipped_name(model) or "")
    return count(_sizes(model)) if count else assignments(model)


def _listing(program: Program) -> list[Line] | None:
    if not has_listing(program.model):
        return None
    printer, _ = _PRINTERS[shipped_name(program.model)]
    return list(printer(Words(program)))


def _sizes(model: CheckedModel) -> dict[str, tuple[int, int]]:
    """The number of elements and of values of every Param."""
    return {v.name: (v.elements, v.domain) for v in model.of_kind("Param")}


def _straight_line(words: Words, inputs: int, arity: int) -> Iterator[Line]:
    """ADD2X2 and APPLY2X2: `inputs` registers are given, then READ, then one line a register."""
    arguments = [f"args{k + 1}" for k in range(arity)]

    def register(number: int) -> str:
        return words.of("return_reg", number)

    yield f"# READ and MOVE apply {words.at('net_choice')}", words.sure((), "net_choice")
    yield "# initialization:", None
    for k in range(inputs):
        yield f"{register(k)} = InputInt[{k}]", None
    yield f"{register(inputs)} = READ", None
    yield "# program:", None
    for t, instr in enumerate(words.values("instr")):
        text, used = words.at("instr", t), ["instr"]
        if instr == 1:
            text = f"{text}({', '.join(words.at(name, t) for name in arguments)})"
            used += arguments
        yield f"{register(inputs + 1 + t)} = {text}", words.sure(t, *used)
    yield f"return {words.at('return_reg')}", words.sure((), "return_reg")


def _add2x2(words: Words) -> Iterator[Line]:
    return _straight_line(words, 0, 2)


def _apply2x2(words: Words) -> Iterator[Line]:
    return _straight_line(words, 3, 3)


def _math(words: Words) -> Iterator[Line]:
    for b, instr in enumerate(words.values("instr")):
        used = ["args1", "args2", "args3"] if instr == 0 else ["net_choice"]
        text = f"{words.at('instr', b)}({', '.join(words.at(name, b) for name in used)})"
        line, register = words.of("goto_block", b), words.of("return_reg", b)
        yield (
            f"{line}: {register} = {text}; GOTO_IF {words.at('goto_block', b)}",
            words.sure(b, "instr", "goto_block", *used),
        )
    yield f"halt: return {words.at('return_reg')}", words.sure((), "return_reg")


def _maze(words: Words) -> Iterator[Line]:
    for b in range(len(words.values("instr"))):
        text = f"{words.of('goto', b)}: {words.at('instr', b)}; GOTO {words.at('goto', b)}"
        yield text, words.sure(b, "instr", "goto")
    yield "halt at stop: return reg", None


def _addition(words: Words) -> Iterator[Line]:
    handed = words.of("first_arg", 2)
    yield f"{handed} = {words.at('start')}", words.sure((), "start")
    yield "# each column, the lowest first:", None
    first = ("first_op", "first_arg", "second_arg")
    operation, *arguments = (words.at(name) for name in first)
    yield f"FIRST = {operation}({', '.join(arguments)})", words.sure((), *first)
    second = ("second_op", "third_arg")
    operation, argument = (words.at(name) for name in second)
    yield f"SECOND = {operation}(FIRST, {argument})", words.sure((), *second)
    yield f"write {_part(words, 'written')}", words.sure((), "written")
    yield f"{handed} = {_part(words, 'handed_on')}", words.sure((), "handed_on")
    yield "# after the last column:", None
    yield f"write {words.at('before_last')}", words.sure((), "before_last")


def _part(words: Words, name: str) -> str:
    """A part of SECOND; the last value of these Params is 0 whatever that is."""
    last = words.values(name) == 2
    return words.at(name) if last else f"{words.at(name)}(SECOND)"


def _count_straight_line(sizes: dict[str, tuple[int, int]]) -> int:
    arguments = math.prod(n for name, (_, n) in sizes.items() if name.startswith("args"))
    lines, instructions = sizes["instr"]
    line = instructions - 1 + arguments
    return line**lines * sizes["return_reg"][1] * sizes["net_choice"][1]


def _count_math(sizes: dict[str, tuple[int, int]]) -> int:
    blocks, _ = sizes["instr"]
    arguments = math.prod(sizes[f"args{k}"][1] for k in (1, 2, 3))
    block = (arguments + sizes["net_choice"][1]) * sizes["goto_block"][1]
    return block**blocks * sizes["return_reg"][1]


# Each printer with the Params whose values it calls by the names that the model declares.
_PRINTERS: dict[str, tuple[Callable[[Words], Iterator[Line]], tuple[str, ...]]] = {
    "add2x2_model": (_add2x2, ("instr", "args1", "args2", "return_reg", "net_choice")),
    "apply2x2_model": (
        _apply2x2,
        ("instr", "args1", "args2", "args3", "return_reg", "net_choice"),
    ),
    "math_model": (
        _math,
        ("instr", "args1", "args2", "args3", "net_choice", "goto_block", "return_reg"),
    ),
    "maze_model": (_maze, ("instr", "goto")),
    "mnist_addition_learned": (
        _addition,
        (
            "first_op",
            "first_arg",
            "second_arg",
            "second_op",
            "third_arg",
            "written",
            "handed_on",
            "before_last",
        ),
    ),
    "turing": (printing_terpret.turing, ("dir",)),
    "circuit": (printing_terpret.circuit, ("gate", "in1", "in2", "out")),
    "basic_block": (
        printing_terpret.basic_block,
        (
            "instructions",
            "thenBlock",
            "elseBlock",
            "arg1Reg",
            "arg2Reg",
            "outReg",
            "condReg",
        ),
    ),
    "assembly": (
        printing_terpret.assembly,
        ("instructions", "arg1Reg", "arg2Reg", "outReg", "branchAddr"),
    ),
    "parity_chain": (printing_terpret.parity_chain, ()),
}
_DISTINCT: dict[str, Callable[[dict[str, tuple[int, int]]], int]] = {
    "add2x2_model": _count_straight_line,
    "apply2x2_model": _count_straight_line,
    "math_model": _count_math,
}

# How a program prints is decided by what its model says; this is for all models.
LISTING = Listing(source_code, source_lines, distinct_programs)
