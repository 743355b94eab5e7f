"""The compiler by hand: the commands `check`, `dump`, `run` and `print` of a model file."""

import argparse
import re
import sys
from collections import Counter
from collections.abc import Callable

import numpy as np

from terpret.core.pool import MAX_NODES
from terpret.errors import InputError
from terpret.language.checked import CheckedModel, Variable
from terpret.language.checker import check
from terpret.language.errors import ModelError, Source, parse_hypers, read_source
from terpret.language.parser import parse
from terpret.language.printer import print_module

# What `typing` calls so: what is needed for types alone takes time to import.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from terpret.discrete.program import Program

STAGES = ("parse", "check", "core", "tf")


def define(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the four commands to the parser of a command line."""

    def command(
        name: str,
        action: Callable[[argparse.Namespace], int | None],
        help: str,
        several: bool = False,
    ) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=help)
        if several:
            added.add_argument("models", nargs="+", metavar="model", help="model files")
        else:
            added.add_argument("model", help="a model file")
        added.add_argument("--hypers", default="", help="T=6,N=4, or a JSON file of TerpreT's")
        added.set_defaults(action=action)
        return added

    command("check", _check, "parse and check models", several=True)
    dump = command("dump", _dump, "print a stage of its compilation")
    dump.add_argument("--stage", choices=STAGES, default="core")
    dump.add_argument("--max_nodes", type=_nodes, default=MAX_NODES, help="the largest network")
    run = command("run", _run, "run a program on a data file, in the discrete interpreter")
    run.add_argument("program", help="a JSON file: the value of every Param by name")
    run.add_argument("data", help="a data file of batches of instances (JSON)")
    show = command("print", _print, "print a program")
    show.add_argument("program", help="a JSON file: the value of every Param by name")


def _load(options: argparse.Namespace, path: str) -> tuple[Source, CheckedModel]:
    source = read_source(path)
    return source, next(iter(_configurations(options, source).values()))


def _configurations(options: argparse.Namespace, source: Source) -> dict[str, CheckedModel]:
    """The model under each configuration of a hypers file, or under the hypers of the flag."""
    if options.hypers.endswith(".json"):
        from terpret.data.json_file import declared_hypers, read_hypers, surplus_hypers

        read = read_hypers(options.hypers)
        configs = {name: declared_hypers(source, values) for name, values in read.items()}
        if surplus := surplus_hypers(source, read):
            unknown = ", ".join(surplus)
            told = f"{options.hypers} gives {unknown}, which the model does not declare"
            print(f"warning: {told}", file=sys.stderr)
    else:
        configs = {"": parse_hypers(options.hypers)}
    tree = parse(source)
    return {name: check(source, tree, hypers) for name, hypers in configs.items()}


def _check(options: argparse.Namespace) -> int:
    """Says what is wrong with each model; the exit status, 1 if anything is."""
    status, many = 0, len(options.models) > 1
    for path in options.models:
        try:
            source, model = _load(options, path)
        except (ModelError, InputError) as error:
            where = f"{path}: " if many else ""
            located = isinstance(error, ModelError)
            print(error if located else f"error: {where}{error}", file=sys.stderr)
            status = 1
            continue
        for warning in model.warnings:
            print(warning.render(source))
        count = len(model.warnings)
        print(f"{source.path}: no errors, {count} warning{'' if count == 1 else 's'}")
    return status


def _dump(options: argparse.Namespace) -> None:
    if options.stage == "parse":
        print(print_module(parse(read_source(options.model))), end="")
        return
    _, model = _load(options, options.model)
    # TensorFlow is imported only where a stage needs it.
    from terpret import show

    if options.stage == "check":
        print(show.checked_text(model))
        return
    from terpret import entry

    entry.require(["tensorflow"])
    import terpret.quiet  # noqa: F401
    from terpret.compile import compile_model

    compiled = compile_model(model, max_nodes=options.max_nodes)
    if options.stage == "core":
        print(show.network_text(compiled.outputs))
        return
    graph = compiled.graph()
    for operation in graph.get_operations():
        if operation.type != "Const":
            shapes = ", ".join(str(tensor.shape) for tensor in operation.outputs)
            print(f"{operation.type} {operation.name}: {shapes}")
    kinds = Counter(operation.type for operation in graph.get_operations())
    print(f"# {sum(kinds.values()) - kinds['Const']} operations, constants not counted")


def _program(options: argparse.Namespace, model: CheckedModel) -> "Program":
    from terpret.data.json_file import NotStrict, strict_json
    from terpret.discrete.program import program_of

    try:
        with open(options.program, encoding="utf-8-sig") as file:
            values = strict_json(file.read())
    except (OSError, ValueError, RecursionError) as error:
        strict = str(error) if isinstance(error, NotStrict) else "it is not JSON"
        reason = getattr(error, "strerror", None) or strict
        raise InputError(f"cannot read the program {options.program}: {reason}") from None
    if not isinstance(values, dict):
        raise InputError(f"{options.program} is not an object of Param values")
    try:
        return program_of(model, values)
    except InputError as error:
        raise InputError(f"{options.program}: {error}") from None


def _print(options: argparse.Namespace) -> None:
    _, model = _load(options, options.model)
    print(_program(options, model))


def _run(options: argparse.Namespace) -> None:
    from terpret.data.json_file import read_data
    from terpret.discrete.answers import labelled

    models = _configurations(options, read_source(options.model))
    only = models.get("")
    for batch in read_data(options.data, only or models):
        model = only or models[batch.hypers]
        program = _program(options, model)
        outputs = {variable.name: variable for variable in model.of_kind("Output")}
        inputs = {k: v for k, v in batch.arrays.items() if k not in outputs}
        answers = {name: batch.arrays[name] for name in outputs}
        given, observed = program.run(inputs), program.observations(inputs)
        right = np.full(batch.size, True)
        for name, values in answers.items():
            found = np.broadcast_to(given[name], values.shape)
            same = ((found == values) | (values < 0)).reshape(batch.size, -1).all(1)
            right &= same
            for number in np.flatnonzero(~same):
                print(
                    f"batch {batch.name}, instance {number}: {name} is "
                    f"{_words(outputs[name], found[number].tolist())}, not "
                    f"{_words(outputs[name], values[number].tolist())}"
                )
        for name, holds in observed.items():
            right &= holds
            for number in np.flatnonzero(~np.broadcast_to(holds, batch.size)):
                print(f"batch {batch.name}, instance {number}: {name} does not hold")
        counted = np.full(batch.size, bool(observed)) | labelled(answers, batch.size)
        unlabelled = int(np.sum(~counted))
        print(
            f"batch {batch.name}: {int(np.sum(right & counted))} of {int(np.sum(counted))} "
            f"instances are right" + f"; {unlabelled} without a label" * bool(unlabelled)
        )


def _words(variable: Variable, value: object) -> object:
    """A value, or values in lists, in the words of the model; what is lost has none."""
    if isinstance(value, list):
        return f"[{', '.join(str(_words(variable, part)) for part in value)}]"
    return variable.word(value) if isinstance(value, int) and value >= 0 else value


def _nodes(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,8}", text, re.ASCII):
        raise argparse.ArgumentTypeError("this is not an integer from 1 to 999,999,999")
    return int(text)
