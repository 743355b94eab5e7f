"""What a child of `benchmarks/growth.py` does, whatever it is written in.

    python -m benchmarks.peers.step_jax turing:20x60x10
    python -m benchmarks.peers.step_jax turing:5x9x10 FILE.npz

With a file it writes the losses and gradients there and ends. Otherwise it makes one training
step, says after how many seconds that was, and then, for every line that it reads, makes a block
of steps and says how many milliseconds each took.
"""

import json
import sys
import time
from collections.abc import Callable

import numpy as np

from benchmarks.peers.problems import Arrays, Problem, problem

# Makes so many training steps and waits for the last.
Begun = Callable[[int], None]

BLOCK_SECONDS = 1.0


def serve(
    begin: Callable[[Problem], Begun], check: Callable[[Problem], tuple[np.ndarray, Arrays]]
) -> None:
    """Does what the command line asks for.

    Args:
      begin: builds a training step.
      check: the losses [restart] and the gradients at the problem's logits.
    """
    named = problem(sys.argv[1])
    if len(sys.argv) > 2:
        losses, gradients = check(named)
        np.savez(sys.argv[2], losses=losses, **gradients)
        return
    started = time.perf_counter()
    run = begin(named)
    run(1)
    ready = time.perf_counter() - started
    started = time.perf_counter()
    run(2)
    count = max(1, round(BLOCK_SECONDS * 2 / (time.perf_counter() - started)))
    # Only now, because the next process begins when it is said.
    _say(ready_s=ready)
    for _ in sys.stdin:
        started = time.perf_counter()
        run(count)
        _say(step_ms=(time.perf_counter() - started) / count * 1000)


def _say(**what: float) -> None:
    print(json.dumps(what), flush=True)
