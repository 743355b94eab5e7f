"""The learner that a method asks for."""

import dataclasses

from terpret.backends.model import CompiledModel
from terpret.learning.cyclic import Cyclic
from terpret.learning.learner import Learner
from terpret.learning.method import Method
from terpret.learning.search import Search
from terpret.program import assignments

# What a method does to find a program, or to keep networks from learning from a wrong one.
FOR_PROGRAMS = {
    "gradient_noise": 0.0,
    "entropy": 0.0,
    "gumbel": 0.0,
    "cycle": 0,
    "attempt": 0,
    "wait": 0.0,
    "candidates": 0,
}


def make_learner(
    model: CompiledModel, method: Method, seed: int, examples: int, *others: object, **more: object
) -> Learner:
    """Makes the learner of a method; the arguments are those of `Learner`.

    Where the model has one program only, its networks learn by the method's optimiser alone.
    """
    if assignments(model.checked) == 1:
        method = dataclasses.replace(method, **FOR_PROGRAMS)
    made = Search if method.candidates else Cyclic if method.cycle else Learner
    return made(model, method, seed, examples, *others, **more)
