"""The learner that a method asks for."""

from terpret.backends.model import CompiledModel
from terpret.learning.cyclic import Cyclic
from terpret.learning.learner import Learner
from terpret.learning.method import Method
from terpret.learning.search import Search


def make_learner(
    model: CompiledModel, method: Method, seed: int, examples: int, *others: object, **more: object
) -> Learner:
    """Makes the learner of a method; the arguments are those of `Learner`."""
    made = Search if method.candidates else Cyclic if method.cycle else Learner
    return made(model, method, seed, examples, *others, **more)
