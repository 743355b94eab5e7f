"""The compiler by hand: `python -m terpret check|dump|run|print MODEL`."""

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Sequence

import numpy as np

from terpret.core.nodes import MAX_NODES
from terpret.language.checked import CheckedModel
from terpret.language.checker import check
from terpret.language.errors import InputError, ModelError, Source, parse_hypers, read_source
from terpret.language.parser import parse
from terpret.language.printer import print_module

STAGES = ("parse", "check", "core", "tf")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line; the exit status is 1 after a mistake of the user's."""
    options = _parser().parse_args(arguments)
    try:
        options.action(options)
        sys.stdout.flush()
        return 0
    except ModelError as error:
        print(error, file=sys.stderr)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
    except BrokenPipeError:
        # Whoever read the output had enough of it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m terpret", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="check|dump|run|print")

    def command(name: str, action: object, help: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=help)
        added.add_argument("model", help="a model file")
        added.add_argument("--hypers", default="", help="T=6,N=4, or a JSON file of TerpreT's")
        added.set_defaults(action=action)
        return added

    command("check", _check, "parse and check a model")
    dump = command("dump", _dump, "print a stage of its compilation")
    dump.add_argument("--stage", choices=STAGES, default="core")
    dump.add_argument("--max_nodes", type=int, default=MAX_NODES, help="the largest network")
    run = command("run", _run, "run a program on a data file, in the discrete interpreter")
    run.add_argument("program", help="a JSON file: the value of every Param by name")
    run.add_argument("data", help="a data file of batches of instances (JSON)")
    show = command("print", _print, "print a program")
    show.add_argument("program", help="a JSON file: the value of every Param by name")
    return parser


def _load(options: argparse.Namespace) -> tuple[Source, CheckedModel]:
    source = read_source(options.model)
    return source, next(iter(_configurations(options, source).values()))


def _configurations(options: argparse.Namespace, source: Source) -> dict[str, CheckedModel]:
    """The model under each configuration of a hypers file, or under the hypers of the flag."""
    if options.hypers.endswith(".json"):
        from terpret.data import declared_hypers, read_hypers

        configs = {
            name: declared_hypers(source, values)
            for name, values in read_hypers(options.hypers).items()
        }
    else:
        configs = {"": parse_hypers(options.hypers)}
    tree = parse(source)
    return {name: check(source, tree, hypers) for name, hypers in configs.items()}


def _check(options: argparse.Namespace) -> None:
    source, model = _load(options)
    for warning in model.warnings:
        print(warning.render(source))
    count = len(model.warnings)
    print(f"{source.path}: no errors, {count} warning{'' if count == 1 else 's'}")


def _dump(options: argparse.Namespace) -> None:
    if options.stage == "parse":
        print(print_module(parse(read_source(options.model))), end="")
        return
    _, model = _load(options)
    # TensorFlow is imported only where a stage needs it.
    from terpret import show

    if options.stage == "check":
        print(show.checked_text(model))
        return
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


def _program(options: argparse.Namespace, model: CheckedModel) -> object:
    from terpret.program import program_of

    try:
        with open(options.program, encoding="utf-8") as file:
            values = json.load(file)
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or "it is not JSON"
        raise InputError(f"cannot read the program {options.program}: {reason}") from None
    if not isinstance(values, dict):
        raise InputError(f"{options.program} is not an object of Param values")
    return program_of(model, values)


def _print(options: argparse.Namespace) -> None:
    _, model = _load(options)
    print(_program(options, model))


def _run(options: argparse.Namespace) -> None:
    from terpret.data import read_data

    models = _configurations(options, read_source(options.model))
    only = models.get("")
    for batch in read_data(options.data, only or models):
        model = only or models[batch.hypers]
        program = _program(options, model)
        outputs = [variable.name for variable in model.of_kind("Output")]
        given = program.run({k: v for k, v in batch.arrays.items() if k not in outputs})
        right = np.True_
        for name in outputs:
            answers = batch.arrays[name]
            same = (given[name] == answers) | (answers < 0)
            right = right & same.reshape(len(same), -1).all(1)
            for number in np.flatnonzero(~same.reshape(len(same), -1).all(1)):
                print(
                    f"batch {batch.name}, instance {number}: {name} is "
                    f"{given[name][number].tolist()}, not {answers[number].tolist()}"
                )
        print(f"batch {batch.name}: {int(np.sum(right))} of {len(right)} instances are right")


if __name__ == "__main__":
    sys.exit(main())
