"""The compiler on one page: each pass is a function of one tree to the next.

text -> surface tree -> checked tree -> tensor network -> simplified -> of pairwise contractions
-> schedule -> TensorFlow
"""

import os
import sys
from collections.abc import Collection, Mapping

import numpy as np
import tensorflow as tf

from terpret.backends.model import SPACES, CompiledModel
from terpret.backends.networks import Library
from terpret.core.build import build, too_many_nodes
from terpret.core.common_factors import take_out_common_factors
from terpret.core.inline_shared import inline_shared
from terpret.core.loops import with_bodies
from terpret.core.nested_sums import merge_nested_sums
from terpret.core.nodes import Outputs
from terpret.core.pairwise import make_pairwise
from terpret.core.pool import MAX_NODES, TooManyNodes
from terpret.core.schedule import schedule, verify_schedule
from terpret.core.simplify import simplify
from terpret.core.vectorise import vectorise
from terpret.core.verify import verify
from terpret.errors import InputError
from terpret.language.checked import CheckedModel
from terpret.language.checker import check
from terpret.language.errors import Source, read_source, suggestion
from terpret.language.parser import parse
from terpret.language.step_limit import MAX_STEPS
from terpret.language.uncollected import uncollected

# Passes from a network to a simpler one of the same value, and from that to one of pairwise
# contractions; each is verified.
IMPROVE = (simplify, vectorise, simplify, take_out_common_factors, merge_nested_sums)
REORDER = (inline_shared, make_pairwise)


def check_model(
    path: str | os.PathLike | Source,
    hypers: Mapping[str, int] | None = None,
    max_steps: int = MAX_STEPS,
) -> CheckedModel:
    """Reads, parses and checks a model file.

    Args:
      path: a model file, or its text.
      hypers: values of the model's `Hyper`s that replace the defaults.
      max_steps: the most steps that checking may take; 10 million take about a second.

    Raises:
      ModelError: with every error of the first phase that found one.
      InputError: a hyper that the model does not declare.
    """
    source = path if isinstance(path, Source) else read_source(path)
    return check(source, parse(source), dict(hypers or {}), max_steps)


@uncollected()
def compile_model(
    path: str | os.PathLike | Source | CheckedModel,
    hypers: Mapping[str, int] | None = None,
    restarts: int = 1,
    space: str = "prob",
    dtype: tf.DType = tf.float32,
    library: Library | None = None,
    learned: Mapping[str, str] | None = None,
    constants: Mapping[str, np.ndarray] | None = None,
    params_of: CompiledModel | None = None,
    seed: int | None = 0,
    max_nodes: int = MAX_NODES,
    loops: str = "auto",
) -> CompiledModel:
    """Compiles a model.

    Args:
      path: a model file, its text, or a model that was checked before (`hypers` is then ignored).
      hypers: values of the model's `Hyper`s that replace the defaults.
      restarts: how many independent restarts the graph holds.
      space: `prob` or `log`.
      dtype: the floating point type.
      library: networks to share with other models; a library of its own otherwise. One of fewer
        restarts has each of its networks shared by as many of the model's restarts in a row.
      learned: networks whose results are given as integers, each with its name in a batch.
      constants: Params that are no longer learned: integers [*dims] by name.
      params_of: another model, of the same Params, whose logits this one shares: one program
        under several hypers, for a curriculum.
      seed: the root seed of parameters and networks; None: the model holds no logits, because
        they are given with every batch.
      max_nodes: the largest tensor network that is accepted.
      loops: which `for` loops are loops of the graph: `auto`, those for which it pays; `always`,
        all that can be; `never`, none.

    Raises:
      ModelError: with every error of the first phase that found one.
      InputError: an argument does not fit the model.
    """
    if space not in SPACES:
        raise InputError(f"there is no space '{space}': use {' or '.join(SPACES)}")
    if library is not None and restarts % library.restarts:
        raise InputError(f"the library has {library.restarts} restarts, the model {restarts}")
    shared = library is not None and library.restarts == 1 < restarts
    checked = path if isinstance(path, CheckedModel) else check_model(path, hypers)
    given, constants = dict(learned or {}), dict(constants or {})
    _known(given, [network.name for network in checked.networks], "network")
    _known(constants, [variable.name for variable in checked.of_kind("Param")], "Param")

    outputs = tensor_network(checked, restarts, max_nodes, shared, given, constants, loops)
    made = verify_schedule(schedule(outputs))
    library = library or Library(restarts, seed or 0, dtype)
    model = CompiledModel(checked, made, restarts, space, dtype, library, given, constants, seed)
    if params_of is not None:
        model.share_params(params_of)
    return model


def tensor_network(
    checked: CheckedModel,
    restarts: int,
    max_nodes: int = MAX_NODES,
    shared: bool = False,
    given: Collection[str] = (),
    constants: Mapping[str, np.ndarray] | None = None,
    loops: str = "auto",
) -> Outputs:
    """The tensor network of a model, one root for each Output, of pairwise contractions.

    Args:
      checked: the model.
      restarts: how many independent restarts it is for.
      max_nodes: the largest that is accepted.
      shared: whether all restarts have the same networks.
      given: the networks whose results are given as integers.
      constants: Params that are no longer learned.
      loops: as in `compile_model`.

    Raises:
      ModelError: it is too large.
    """
    given, constants = frozenset(given), dict(constants or {})
    with uncollected():
        outputs = verify(build(checked, given, constants, max_nodes, shared, loops))

    def improved(outputs: Outputs, body: bool) -> Outputs:
        outputs = with_bodies(outputs, max_nodes, lambda inner: improved(inner, True))
        for improve in IMPROVE:
            outputs = verify(improve(outputs, max_nodes), body)
        for reorder in REORDER:
            outputs = verify(reorder(outputs, restarts, max_nodes), body)
        return outputs

    try:
        with uncollected():
            outputs = improved(outputs, False)
    except TooManyNodes as error:
        raise too_many_nodes(checked, error, max_nodes) from None
    return outputs


def widened(model: CompiledModel, times: int) -> CompiledModel:
    """The same model and networks with several programs, whose logits are given, a restart.

    Args:
      model: the model.
      times: how many programs share the networks of each of its restarts.
    """
    return compile_model(
        model.checked,
        restarts=model.restarts * times,
        space=model.space_name,
        dtype=model.dtype,
        library=model.library,
        learned=model.given_labels,
        constants=model.constants,
        seed=None,
        # The model itself was accepted at its size.
        max_nodes=sys.maxsize,
    )


def _known(names: Mapping[str, object], declared: list[str], kind: str) -> None:
    for name in names:
        if name not in declared:
            hint = suggestion(name, declared) or f"it has: {', '.join(declared) or 'none'}"
            raise InputError(f"the model has no {kind} '{name}'; {hint}")
