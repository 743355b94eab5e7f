"""How the models print their learned programs (Figures 3 and 4(b)), and how many there are."""

import math
import os
from collections.abc import Callable, Iterator

from ntpt_models import printing_terpret
from terpret.language.checked import CheckedModel
from terpret.program import Program, assignments

MAZE_INSTRUCTIONS = ("LOOK", "MOVE", "INC")
MOVES = ("MOVE_EAST", "MOVE_SOUTH", "MOVE_WEST", "MOVE_NORTH")

# The text of a program in which nothing is left open.
NO_PARAMS = "(no Params: the program is given)"

Line = tuple[str, float | None]


def source_code(program: Program) -> str:
    """The program as readable source code, with the confidence of each line.

    A line's confidence is the probability of its instruction times those of the arguments it uses.
    """
    printer, params = _PRINTERS.get(model_name(program.model), (None, ""))
    if printer is None or set(params.split()) != set(program.values):
        return str(program) or NO_PARAMS
    lines = list(printer(program))
    width = max((len(text) for text, _ in lines), default=0)
    return "\n".join(
        text if confidence is None else f"{text:<{width}}  # {confidence:.2f}"
        for text, confidence in lines
    )


def source_lines(program: Program) -> list[str]:
    """The lines of the source code without confidences: alike for programs that do the same."""
    return [line.partition("  #")[0].rstrip() for line in source_code(program).splitlines()]


def program_space(model: CheckedModel) -> tuple[int, int]:
    """The number of parameter assignments, and of syntactically distinct programs.

    Two assignments that differ only in arguments their instructions do not use are one program.
    """
    name, sizes = model_name(model), _sizes(model)
    every = assignments(model)
    if name not in _DISTINCT or set(_PRINTERS[name][1].split()) != set(sizes):
        return every, every
    return every, _DISTINCT[name](sizes)


def model_name(model: CheckedModel) -> str:
    """The name of a model: its file's, without folder and ending."""
    return os.path.splitext(os.path.basename(model.source.path))[0]


def _sizes(model: CheckedModel) -> dict[str, tuple[int, int]]:
    """The number of elements and of values of every Param."""
    return {v.name: (v.elements, v.domain) for v in model.of_kind("Param")}


def _nets(program: Program) -> Line:
    values, sure = program.values["net_choice"], program.confidence["net_choice"]
    return f"# READ and MOVE apply net_{int(values)}", float(sure)


def _straight_line(program: Program, inputs: int, operation: str, arity: int) -> Iterator[Line]:
    """ADD2X2 and APPLY2X2: `inputs` registers are given, then READ, then one line a register."""
    values, sure = program.values, program.confidence
    names = [f"args{k + 1}" for k in range(arity)]
    yield _nets(program)
    yield "# initialization:", None
    for k in range(inputs):
        yield f"R{k} = InputInt[{k}]", None
    yield f"R{inputs} = READ", None
    yield "# program:", None
    for t, instr in enumerate(values["instr"]):
        confidence = sure["instr"][t]
        if instr == 0:
            text = "NOOP"
        elif instr == 1:
            text = f"{operation}({', '.join(f'R{values[name][t]}' for name in names)})"
            confidence *= math.prod(sure[name][t] for name in names)
        else:
            text = MOVES[instr - 2]
        yield f"R{inputs + 1 + t} = {text}", float(confidence)
    yield f"return R{int(values['return_reg'])}", float(sure["return_reg"])


def _add2x2(program: Program) -> Iterator[Line]:
    return _straight_line(program, 0, "SUM", 2)


def _apply2x2(program: Program) -> Iterator[Line]:
    return _straight_line(program, 3, "APPLY", 3)


def _math(program: Program) -> Iterator[Line]:
    values, sure = program.values, program.confidence
    for b, instr in enumerate(values["instr"]):
        confidence = sure["instr"][b] * sure["goto_block"][b]
        if instr == 0:
            arguments = [f"R{values[f'args{k}'][b]}" for k in (1, 2, 3)]
            text = f"APPLY({', '.join(arguments)})"
            confidence *= math.prod(sure[f"args{k}"][b] for k in (1, 2, 3))
        else:
            text = f"MOVE(net_{values['net_choice'][b]})"
            confidence *= sure["net_choice"][b]
        yield f"L{b}: R{b} = {text}; GOTO_IF L{values['goto_block'][b]}", float(confidence)
    yield f"halt: return R{int(values['return_reg'])}", float(sure["return_reg"])


def _maze(program: Program) -> Iterator[Line]:
    values, sure = program.values, program.confidence
    for b, instr in enumerate(values["instr"]):
        text = f"L{b}: {MAZE_INSTRUCTIONS[instr]}; GOTO L{values['goto'][b]}"
        yield text, float(sure["instr"][b] * sure["goto"][b])
    yield "halt at stop: return reg", None


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


# Each printer with the Params it reads: a model of the same name and other Params prints plainly.
_PRINTERS: dict[str, tuple[Callable[[Program], Iterator[Line]], str]] = {
    "add2x2_model": (_add2x2, "instr args1 args2 return_reg net_choice"),
    "apply2x2_model": (_apply2x2, "instr args1 args2 args3 return_reg net_choice"),
    "math_model": (_math, "instr args1 args2 args3 net_choice goto_block return_reg"),
    "maze_model": (_maze, "instr goto"),
    "turing": (printing_terpret.turing, "write dir newState"),
    "circuit": (printing_terpret.circuit, "gate in1 in2 out"),
    "basic_block": (
        printing_terpret.basic_block,
        "instructions thenBlock elseBlock arg1Reg arg2Reg outReg condReg",
    ),
}
_DISTINCT: dict[str, Callable[[dict[str, tuple[int, int]]], int]] = {
    "add2x2_model": _count_straight_line,
    "apply2x2_model": _count_straight_line,
    "math_model": _count_math,
}
