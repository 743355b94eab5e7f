"""A modular sum of two cells and an unknown offset, or a copy, along a tape."""

from terpret.names import Hyper, Input, Output, Param, Runtime, Var

const_T = Hyper()
const_M = Hyper()

offset = Param(const_M)
do_anything = Param(2)
initial_tape = Input(const_M)[2]
final_tape = Output(const_M)
tape = Var(const_M)[const_T]


@Runtime([const_M, const_M, const_M], const_M)
def update(a, b, c):
    return (a + b + c) % 2


tape[0].set_to(initial_tape[0])
tape[1].set_to(initial_tape[1])
for t in range(2, const_T):
    if do_anything == 1:
        tape[t].set_to(update(tape[t - 2], tape[t - 1], offset))
    elif do_anything == 0:
        tape[t].set_to(tape[t - 1])
final_tape.set_to(tape[const_T - 1])
