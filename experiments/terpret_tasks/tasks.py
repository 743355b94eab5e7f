"""The twelve tasks and the parity chain, in one table."""

from collections.abc import Iterator, Mapping

from experiments.terpret_tasks import circuit, memory, turing
from experiments.terpret_tasks.task import Instance, Task

TAPE = {"numTapeSymbols": 3, "tapeLength": 5}
# Of both tasks of list-K, the short ones first.
_LISTS = (
    "03365600",
    "11570430",
    "25510730",
    "12315300",
    "24365300",
    "16305100",
    "17355700",
    "23325700",
    "25375500",
)
M5, M8 = {"maxInt": 5, "numRegisters": 2}, {"maxInt": 8, "numRegisters": 2}


def parity_chain(hypers: Mapping[str, int]) -> Iterator[Instance]:
    """The one instance of the parity chain: all sums of neighbours are even."""
    yield {"y": [0] * hypers["K"]}


_TASKS = (
    Task(
        "turing_invert",
        "turing",
        {**TAPE, "numHeadStates": 2, "numTimesteps": 6},
        turing.invert,
        ("01112",),
    ),
    Task(
        "turing_prepend",
        "turing",
        {**TAPE, "numHeadStates": 3, "numTimesteps": 6},
        turing.prepend,
        ("01112", "01122", "00222", "11012"),
    ),
    Task(
        "turing_decrement",
        "turing",
        {**TAPE, "numHeadStates": 3, "numTimesteps": 9},
        turing.decrement,
        ("10012", "10222", "01102", "11112", "01002", "10022", "10002", "12222"),
    ),
    Task(
        "circuit_shift",
        "circuit",
        {"numWires": 4, "numGates": 4, "numOutputs": 3},
        circuit.shift,
        ("0100", "1000", "1010", "1110", "0010", "0110", "1100"),
    ),
    Task(
        "circuit_full_adder",
        "circuit",
        {"numWires": 4, "numGates": 5, "numOutputs": 2},
        circuit.full_adder,
        ("0100", "1100", "1000", "0000", "1010", "0010", "0110", "1110"),
    ),
    Task(
        "circuit_two_bit_adder",
        "circuit",
        {"numWires": 5, "numGates": 8, "numOutputs": 3},
        circuit.two_bit_adder,
        (
            "00100",
            "01000",
            "10000",
            "01100",
            "10110",
            "01110",
            "00010",
            "11010",
            "11110",
            "10010",
            "01010",
        ),
    ),
    Task(
        "basic_block_access",
        "basic_block",
        {**M5, "numBlocks": 4, "numTimesteps": 5},
        memory.of_basic_block(memory.access),
        ("01040", "12300", "02422", "14004"),
    ),
    Task(
        "basic_block_decrement",
        "basic_block",
        {**M5, "numBlocks": 4, "numTimesteps": 18},
        memory.of_basic_block(memory.decrement),
        ("24220", "43230", "22000", "42200", "33300"),
    ),
    Task(
        "basic_block_list_k",
        "basic_block",
        {**M8, "numBlocks": 6, "numTimesteps": 11},
        memory.of_basic_block(memory.list_k),
        _LISTS,
    ),
    Task(
        "assembly_access",
        "assembly",
        {**M5, "numBlocks": 4, "numTimesteps": 5},
        memory.of_assembly(memory.access),
        ("01040", "22404", "04432"),
    ),
    Task(
        "assembly_decrement",
        "assembly",
        {**M5, "numBlocks": 6, "numTimesteps": 27},
        memory.of_assembly(memory.decrement),
        ("30000", "44200", "32230", "44320", "42440"),
    ),
    Task(
        "assembly_list_k",
        "assembly",
        {**M8, "numBlocks": 9, "numTimesteps": 16},
        memory.of_assembly(memory.list_k),
        _LISTS,
    ),
    Task("parity_chain", "parity_chain", {"K": 128}, parity_chain, ("",)),
)
TASKS = {task.name: task for task in _TASKS}
