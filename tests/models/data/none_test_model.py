"""Two registers; each step adds both into the one that the program chooses."""

from terpret.names import Hyper, Input, Output, Param, Runtime, Var

n_time_steps = Hyper()

out_reg = Param(2)[n_time_steps]
init_reg = Input(10)[2]
final_reg = Output(10)[2]
reg = Var(10)[2, n_time_steps]


@Runtime([10, 10], 10)
def add(a, b):
    return (a + b) % 10


for r in range(2):
    reg[r, 0].set_to(init_reg[r])
for t in range(n_time_steps - 1):
    for r in range(2):
        if out_reg[t] == r:
            reg[r, t + 1].set_to(add(reg[0, t], reg[1, t]))
        else:
            reg[r, t + 1].set_to(reg[r, t])
for r in range(2):
    final_reg[r].set_to(reg[r, n_time_steps - 1])
