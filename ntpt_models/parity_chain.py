"""A parity chain: bits of which each two neighbours are to be equal (TerpreT report)."""

from terpret.names import Hyper, Output, Param, Runtime

# constants
K = Hyper(128)

# variables
y = Output(2)[K]

# the program: the bits, a ring of which the first is 0
x = Param(2)[K]
x[0].set_to_constant(0)


# functions
@Runtime([2, 2], 2)
def parity(a, b):
    return (a + b) % 2


# execution model
for k in range(K):
    y[k].set_to(parity(x[k], x[(k + 1) % K]))
