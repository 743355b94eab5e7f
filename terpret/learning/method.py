"""How a model is learned: optimiser, rates, noise, start, and how programs are found."""

import dataclasses

from terpret.learning.strategy import Descent, Strategy


@dataclasses.dataclass(frozen=True)
class Method:
    """One way to learn. What is 0 is left out.

    Attributes:
      optimiser: a name in `optimise.OPTIMISERS`.
      program_rate: the learning rate of the Params' logits.
      network_rate: the learning rate of the networks.
      batch_size: examples in an update; 0: the whole of a data file.
      updates: how many updates a restart gets unless the user says otherwise.
      decay: RMSProp's moving average, or Adam's of the squared gradient.
      momentum: the optimiser `momentum`'s.
      clip: the largest global norm of a restart's gradient.
      gradient_noise: the variance of the Gaussian noise on the Params' gradient at update 0, added
        after clipping (Neelakantan et al., 2015).
      gradient_noise_decay: g, in variance / (1 + update)^g.
      entropy: the weight of the entropy of the Params' marginals in the objective at update 0.
      entropy_decay: d, in weight * exp(-d * update).
      shift: the pixels by which training images are moved each way at most.
      dirichlet: concentration of the initial marginals: large is near uniform.
      gumbel: the scale of the Gumbel noise on the logits, another at every update; there is none
        while a restart's networks know nothing yet, for it would keep them from learning.
      anneal: whether the Gumbel noise falls linearly to 0 over an attempt or a cycle, and the
        networks' rate over the whole run.
      strategy: how programs are found.
      stop_below_loss: a restart whose loss falls below it has converged and stops.
      first_rung: the examples after which a restart is first judged; later rungs are at twice,
        four times, ... as many.
      plateau: the least part of its loss that a restart must lose in the second half of its way to
        a rung; one that loses less and is not solved is dead.
    """

    optimiser: str
    program_rate: float
    network_rate: float
    batch_size: int
    updates: int
    decay: float = 0.0
    momentum: float = 0.0
    clip: float = 0.0
    gradient_noise: float = 0.0
    gradient_noise_decay: float = 0.0
    entropy: float = 0.0
    entropy_decay: float = 0.0
    shift: int = 0
    dirichlet: float = 1.0
    gumbel: float = 0.0
    anneal: bool = False
    strategy: Strategy = Descent()
    stop_below_loss: float = 0.0
    first_rung: int = 0
    plateau: float = 0.0

    def for_networks_alone(self) -> "Method":
        """The method without what is for finding programs: for a model that has one only."""
        return dataclasses.replace(
            self, gradient_noise=0.0, entropy=0.0, gumbel=0.0, strategy=Descent()
        )
