"""What the values of the models' Params are called: instructions, registers, blocks."""

from collections.abc import Sequence

from ntpt_models.printing import MAZE_INSTRUCTIONS, MOVES, model_name
from ntpt_models.printing_terpret import HEAD_MOVES
from terpret.language.checked import CheckedModel, Variable

# The Params whose values mean more than a number: a name for each value, or a pattern for all.
_REGISTER, _NETWORK = "R{}", "net_{}"
_VALUE_NAMES: dict[str, dict[str, str | Sequence[str]]] = {
    "add2x2_model": {
        "instr": ("NOOP", "SUM", *MOVES),
        **dict.fromkeys(("args1", "args2", "return_reg"), _REGISTER),
        "net_choice": _NETWORK,
    },
    "apply2x2_model": {
        "instr": ("NOOP", "APPLY", *MOVES),
        **dict.fromkeys(("args1", "args2", "args3", "return_reg"), _REGISTER),
        "net_choice": _NETWORK,
    },
    "math_model": {
        "instr": ("APPLY", "MOVE"),
        **dict.fromkeys(("args1", "args2", "args3", "return_reg"), _REGISTER),
        "net_choice": _NETWORK,
        "goto_block": "L{}",
    },
    "maze_model": {"instr": MAZE_INSTRUCTIONS, "goto": "L{}"},
    "turing": {"dir": HEAD_MOVES},
    "circuit": {
        "gate": ("AND", "OR", "XOR", "NOT", "COPY"),
        **dict.fromkeys(("in1", "in2", "out"), "w{}"),
    },
    "basic_block": {
        "instructions": ("NOOP", "WRITE", "READ", "ZERO", "INC", "DEC", "ADD", "SUB", "LESS"),
        **dict.fromkeys(("arg1Reg", "arg2Reg", "outReg", "condReg"), _REGISTER),
        **dict.fromkeys(("thenBlock", "elseBlock"), "B{}"),
    },
}


def value_names(checked: CheckedModel, variable: Variable) -> list[str]:
    """What the values of a Param are called: names where the model is one of ours, else 0..n-1."""
    names = _VALUE_NAMES.get(model_name(checked), {}).get(variable.name, "{}")
    if isinstance(names, str):
        return [names.format(value) for value in range(variable.domain)]
    if len(names) == variable.domain:
        return list(names)
    return [str(value) for value in range(variable.domain)]
