"""How a model is learned: optimiser, rates and start, as presets with a name."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Method:
    """One way to learn.

    Attributes:
      optimiser: a name in `optimise.OPTIMISERS`.
      program_rate: the learning rate of the Params' logits.
      network_rate: the learning rate of the networks.
      decay: RMSProp's moving average, or Adam's of the squared gradient.
      clip: the largest global norm of a restart's gradient; 0 does not clip.
      dirichlet: concentration of the initial marginals: large is near uniform.
      batch_size: examples in an update.
      gumbel: the scale of the Gumbel noise on the logits, drawn afresh at every update.
      rise: the examples over which that noise rises from 0.
      anneal: whether the networks' rate and the noise fall linearly to 0 over the whole run.
    """

    optimiser: str
    program_rate: float
    network_rate: float
    decay: float
    clip: float
    dirichlet: float
    batch_size: int
    gumbel: float
    rise: int
    anneal: bool


PRESETS = {
    # The paper (sections 6.1 and 6.2): RMSProp, networks 100 times slower. What it leaves open is
    # fixed here once, after the released TerpreT trainers.
    "ntpt": Method(
        optimiser="rmsprop",
        program_rate=0.1,
        network_rate=0.001,
        decay=0.9,
        clip=1.0,
        dirichlet=1.0,
        batch_size=32,
        gumbel=0.0,
        rise=0,
        anneal=False,
    ),
    # Ours. The start decides: near-uniform marginals let the networks learn before the program
    # commits itself. Noise then breaks the optima that live on an undecided instruction, such as
    # SUM(R2, R2) with R2 half one tile and half the other.
    "robust": Method(
        optimiser="adam",
        program_rate=0.05,
        network_rate=0.003,
        decay=0.999,
        clip=0.0,
        dirichlet=1000.0,
        batch_size=64,
        gumbel=1.0,
        rise=10_000,
        anneal=True,
    ),
}
