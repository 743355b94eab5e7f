"""Any text compiles or is refused at a place inside it, soon and in little memory.

`TERPRET_FUZZ_HOSTILE` is the number of mutated models.
"""

import ast
import gc
import os
import pathlib
import random
import time
import tracemalloc

import pytest

from terpret.core.build import build
from terpret.language.checker import check
from terpret.language.errors import InputError, ModelError, Source
from terpret.language.parser import parse

ROOT = pathlib.Path(__file__).parents[2] / "ntpt_models"
MUTANTS = int(os.environ.get("TERPRET_FUZZ_HOSTILE", "400"))
PARTS = 20
SECONDS, FLOOR = 2.0, 0.13
# Who shares caches and memory with another worker may take so many times as long, and a text that
# nothing bounds takes minutes.
BESIDE_OTHERS = 4
BYTES = 1 << 30
MODELS = [
    path.read_text()
    for path in sorted(ROOT.glob("*.py"))
    if "Output(" in path.read_text() and "from terpret.names" in path.read_text()
]
TOKENS = (
    "0 1 -1 2 55555 99999999999 2**64 T t r x y p v ( ) [ ] [-1] , : = == != < <= + - * / // % "
    "** & | ~ and or not in is if elif else for while with as def return pass break lambda "
    "import True None range len max min Param(2) Var Input Output(0) Hyper() InputTensor Tensor "
    "Vector Runtime Learn Inline @ .set_to .observe_value .set_to_constant set_to(0) "
    "range(55555) [i for i in range(9)] 'text' 1.5 # \\ \t \n \r \0 é \ufeff"
).split(" ")


def outcome(text, hypers=None):
    """The codes that a text is refused with; fails when the refusal is not a proper or quick one.

    A machine that is slow, or slowed down by other work, has longer; the quickest of a few tries
    counts.
    """
    found, seconds = timed_outcome(text, hypers)
    if seconds < SECONDS:
        return found
    # What other tests have left in memory is not the text's fault.
    gc.freeze()
    try:
        for _ in range(3):
            found, seconds = timed_outcome(text, hypers)
            if seconds < SECONDS * BESIDE_OTHERS * max(1.0, slowness()):
                return found
    finally:
        gc.unfreeze()
    raise AssertionError(f"took {seconds:.1f} s")


def slowness():
    """How much longer Python takes now for what takes `FLOOR` seconds on a quiet 2-core machine."""
    start = time.process_time()
    lines = (f"x{k} = [a{k}[{k}] + b * (c - {k}) for a in range({k})]" for k in range(3000))
    assert sum(1 for _ in ast.walk(ast.parse("\n".join(lines)))) > 60_000
    return (time.process_time() - start) / FLOOR


def timed_outcome(text, hypers):
    source = Source("model.py", text)
    start = time.process_time()
    try:
        build(check(source, parse(source), hypers or {}))
        found = []
    except ModelError as error:
        assert error.diagnostics
        for message in error.diagnostics:
            span = message.span
            assert 1 <= span.line <= span.end_line <= len(source.lines)
            assert 1 <= span.column <= len(source.line(span.line)) + 1
            assert message.message
        assert list(error.diagnostics) == sorted(error.diagnostics, key=lambda d: (d.span, d.code))
        str(error)
        found = [message.code for message in error.diagnostics]
    except InputError as error:
        found = [str(error)]
    return found, time.process_time() - start


def mutated(number):
    """A model with one to four changes of characters, words or lines."""
    generator = random.Random(f"mutant {number}")
    text = generator.choice(MODELS)
    for _ in range(generator.randint(1, 4)):
        place = generator.randrange(len(text) + 1)
        end = min(len(text), place + generator.choice((0, 1, 1, 3, 10)))
        lines = text.split("\n")
        a, b = generator.randrange(len(lines)), generator.randrange(len(lines))
        match generator.randrange(7):
            case 0:
                text = text[:place] + chr(generator.randrange(1, 256)) + text[end:]
            case 1:
                text = text[:place] + generator.choice(TOKENS) + text[end:]
            case 2:
                words = text.split(" ")
                words[generator.randrange(len(words))] = generator.choice(TOKENS)
                text = " ".join(words)
            case 3:
                lines[a], lines[b] = lines[b], lines[a]
                text = "\n".join(lines)
            case 4:
                text = "\n".join(lines[:a] + lines[a + 1 :])
            case 5:
                text = "\n".join(lines[: a + 1] + lines[a:])
            case 6:
                shift = generator.choice(("    ", " ", ""))
                lines[a] = shift + lines[a] if shift else lines[a][4:]
                text = "\n".join(lines)
    return text


@pytest.mark.parametrize("part", range(PARTS))
def test_mutated_models(part):
    for number in range(part, MUTANTS, PARTS):
        outcome(mutated(number))


def nested(levels, opening, closing=""):
    return "x = " + opening * levels + "1" + closing * levels


def withs(depth, size, body):
    lines = [f"p = Param({size})[{depth}]", f"y = Output({size})[{size}]"]
    lines += ["  " * k + f"with p[{k}] as v{k}:" for k in range(depth)]
    return "\n".join([*lines, "  " * depth + body])


END = "y = Output(2)\ny.set_to(0)\n"
RUNTIME = "@Runtime([{}], {})\ndef f({}):\n    {}\n" + END
ADD = (ROOT / "add2x2_model.py").read_text()
TURING = (ROOT / "turing.py").read_text()
HOSTILE = {
    "empty": "",
    "a comment": "#",
    "blank lines": "\n\n\n",
    "200,000 operators": "x = " + "+".join(["1"] * 200_000),
    "100,000 operators": "x = " + "+".join(["1"] * 100_000),
    "200,000 signs": nested(200_000, "-"),
    "parentheses": nested(100_000, "(", ")"),
    "brackets": nested(5_000, "[", "]"),
    "calls": nested(5_000, "f(", ")"),
    "not": nested(50_000, "not "),
    "lambdas": nested(20_000, "lambda: "),
    "dots": "x = a" + ".b" * 100_000,
    "indices": "x = a" + "[0]" * 50_000,
    "formatted": "x = f'{" + "1+" * 30_000 + "1}'",
    "comparisons": "x = " + "<".join(["1"] * 20_000),
    "conjunctions": "x = " + " and ".join(["1"] * 20_000),
    "nested ifs": "".join(" " * k + "if 1:\n" for k in range(95)) + " " * 95 + "pass\n",
    "a long chain": "p = Param(9)\nif p == 0:\n    pass\n" + "elif p == 1:\n    pass\n" * 9_000,
    "a huge integer": "x = " + "9" * 200_000,
    "a huge hexadecimal": "x = 0x" + "f" * 200_000,
    "squares": "x = 2\n" + "x = x * x\n" * 60,
    "null bytes": "\0" * 1_000,
    "a null byte": "y = Output(2)\ny.set_to(\0)",
    "a surrogate": "x = '\ud800'",
    "a byte order mark": "\ufeffx = 1 +",
    "a form feed": "x = 1\x0cy = (",
    "only carriage returns": "x = 1\ry = (\r",
    "a coding line": "# coding: nonsense\nx = 1\n",
    "a long line": "é=1;" * 50_000,
    "a long name": "x" * 100_000 + " = 1\nx.set_to(" + "y" * 100_000 + ")",
    "a long text": "x = '" + "a" * 200_000 + "'",
    "many statements": "x = 1\n" * 40_000,
    "a long list": "x = [" + ",".join(["1"] * 100_000) + "]\n" + END,
    "many arguments": "x.set_to(f(" + ",".join(["1"] * 100_000) + "))",
    "many parameters": RUNTIME.format("2", 2, ",".join(f"a{k}" for k in range(20_000)), "return 0"),
    "many decorators": "@Runtime([2], 2)\n" * 12_000 + "def f(a):\n    return 0",
    "many typing errors": "registers = Var(2)[300]\n"
    + "\n".join(f"for t in range(300):\n    regsters[t].set_to({k})" for k in range(50)),
    "many unknown names": "\n".join(f"v{k} = Var(2)" for k in range(3_000))
    + "\n"
    + "\n".join(f"w{k}.set_to(0)" for k in range(3_000)),
    "a huge range": "for i in range(10**15):\n    pass\n",
    "a large range": "for i in range(1000000000000):\n    pass\n",
    "nested ranges": "for i in range(99999):\n  for j in range(99999):\n    pass\n",
    "a large comprehension": "x = len([1 for i in range(9999) if len([j for j in range(9999)])])\n",
    "a doubled list": "x = [1]\n" + "x = x + x\n" * 60,
    "a shared list": "x = [1]\n" + "x = [x, x]\n" * 60,
    "a large table": RUNTIME.format("1000, 1000", 1000, "a, b", "return 0"),
    "a table with many entries": RUNTIME.format("700, 700", 8, "a, b", "return 0"),
    "a table with many arguments": RUNTIME.format(
        ",".join(["1"] * 40), 2, ",".join(f"a{k}" for k in range(40)), "return 0"
    ),
    "a slow table": RUNTIME.format(
        "20000", 2, "a", "for i in range(99999):\n        a = a + i\n    return 0"
    ),
    "chained functions": "@Runtime([2], 2)\ndef f0(a):\n    return a\n"
    + "".join(
        f"@Runtime([2], 2)\ndef f{k}(a):\n    return f{k - 1}(f{k - 1}(a))\n" for k in range(1, 60)
    ),
    "deep functions": "@Runtime([2], 2)\ndef f0(a):\n    return a\n"
    + "".join(f"@Runtime([2], 2)\ndef f{k}(a):\n    return f{k - 1}(a)\n" for k in range(1, 600)),
    "recursion": "@Inline()\ndef f(a):\n    f(a)\nf(1)\n" + END,
    "doubling inlines": "@Inline()\ndef f0(a):\n    pass\n"
    + "".join(f"@Inline()\ndef f{k}(a):\n    f{k - 1}(a)\n    f{k - 1}(a)\n" for k in range(1, 50))
    + "f49(1)\n"
    + END,
    "a huge array": "x = Var(55555)[55555]\n" + END,
    "many sets": "y = Output(2)[99999]\nfor t in range(99999):\n    y[t].set_to(0)\n",
    "a long chain of reads": "N = 60000\ny = Output(2)[N]\nx = Input(2)\n@Runtime([2, 2], 2)\n"
    "def f(a, b):\n    return a\ny[0].set_to(x)\nfor t in range(1, N):\n"
    "    y[t].set_to(f(y[t - 1], y[t - 1]))\n",
    "elements of their own": "for i in range(30000):\n    p[i] = Param(2)\n" + END,
    "a with over many values": "p = Param(100000)\nq = Param(100000)\ny = Output(2)\n"
    "with p as v:\n  with q as w:\n    y.set_to((v + w) % 2)\n",
    "a large constant": "p = Param(5000)\ny = Output(5000)\nwith p as v:\n"
    "    y.set_to((v + 1) % 5000)\n",
    "many large constants": "p = Param(1000)\nz = Var(1000)[500]\n"
    + END
    + "for t in range(500):\n  with p as v:\n    z[t].set_to((v + t) % 1000)\n",
    "a test of many values": "p = Param(1000000)\ny = Output(2)\nif p % 3 == 0:\n    y.set_to(0)\n"
    "else:\n    y.set_to(1)\n",
    "many reads at once": "p = Param(5000)\nx = Input(2)[5000]\ny = Output(2)[50]\nwith p as v:\n"
    "  for t in range(50):\n    y[t].set_to(x[(v + t) % 5000])\n",
    "deep withs": withs(40, 2, "y[0].set_to(v39)"),
    "deep withs of one value": withs(40, 1, "y[0].set_to(v0)"),
    "deep withs that are unrolled": withs(9, 10, "y[v0].set_to(v8)"),
    "a sum over deep withs": withs(
        8, 10, "y[0].set_to((v0 + v1 + v2 + v3 + v4 + v5 + v6 + v7) % 10)"
    ),
    "a huge network": "@Learn([4], 4, hid_sizes=[99999, 99999])\ndef f(a):\n    pass\n" + END,
    "an endless layer": "@Learn([4], 4, hid_sizes=[1000000000])\ndef f(a):\n    pass\n" + END,
    "a huge convolution": "@Learn([Tensor(1000, 1000)], 4, conv_sizes=[(10000, 1)], hid_sizes=[])\n"
    "def f(a):\n    pass\n" + END,
    "a huge list of convolutions": "@Learn([Tensor(1000, 1000)], 4, conv_sizes=[(1, 1) for i in "
    "range(9999)], hid_sizes=[])\ndef f(a):\n    pass\n" + END,
    "T = 55555": ADD.replace("Hyper(5)", "55555"),
    "numTimesteps = 55555": TURING.replace("Hyper(6)", "55555"),
    "tapeLength = 55555": TURING.replace("Hyper(5)", "55555"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_text(name):
    outcome(HOSTILE[name])


@pytest.mark.parametrize("value", [55555, 10**15, -1, 0])
def test_hostile_hypers(value):
    outcome(ADD, {"T": value})
    outcome(TURING, {"numTimesteps": value})
    assert outcome(ADD, {"T": 10**40}) == [
        "the hyper 'T' is 1000000000000000000000000000000000000000: give an integer below 2**53"
    ]


LARGEST = [
    "many large constants",
    "a large constant",
    "a with over many values",
    pytest.param("many sets", marks=pytest.mark.soak),
    pytest.param("a table with many entries", marks=pytest.mark.soak),
]


@pytest.mark.parametrize("name", LARGEST)
def test_memory_is_bounded(name):
    source = Source("model.py", HOSTILE[name])
    tracemalloc.start()
    try:
        build(check(source, parse(source), {}))
    except ModelError:
        pass
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < BYTES
