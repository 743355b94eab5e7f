"""A Boolean circuit: learns its gates and their wires from inputs and outputs (TerpreT report)."""

from terpret.names import Hyper, Input, Output, Param, Runtime, Var

# constants
numWires = Hyper(3)
numGates = Hyper(3)
numOutputs = Hyper(2)

# variables
initial_wires = Input(2)[numWires]
final_wires = Output(2)[numOutputs]

# the program: each gate's kind, the wires it reads and the wire it overwrites
gate = Param(5, names=["AND", "OR", "XOR", "NOT", "COPY"])[numGates]
in1 = Param(numWires, names="w{}")[numGates]
in2 = Param(numWires, names="w{}")[numGates]
out = Param(numWires, names="w{}")[numGates]

wires = Var(2)[numGates + 1, numWires]
tmpOutput = Var(2)[numGates]
tmpArg1 = Var(2)[numGates]
tmpArg2 = Var(2)[numGates]
tmpDoWrite = Var(2)[numGates, numWires]


# functions
@Runtime([2, 2], 2)
def AND(a, b):
    return a & b


@Runtime([2, 2], 2)
def OR(a, b):
    return a | b


@Runtime([2, 2], 2)
def XOR(a, b):
    return a ^ b


@Runtime([2], 2)
def NOT(a):
    return 1 - a


@Runtime([numWires, numWires], 2)
def same_wire(a, b):
    return 1 if a == b else 0


# initialization
for w in range(numWires):
    wires[0, w].set_to(initial_wires[w])

# execution model
for g in range(numGates):
    with in1[g] as i:
        tmpArg1[g].set_to(wires[g, i])
    with in2[g] as i:
        tmpArg2[g].set_to(wires[g, i])

    if gate[g] == 0:
        tmpOutput[g].set_to(AND(tmpArg1[g], tmpArg2[g]))
    elif gate[g] == 1:
        tmpOutput[g].set_to(OR(tmpArg1[g], tmpArg2[g]))
    elif gate[g] == 2:
        tmpOutput[g].set_to(XOR(tmpArg1[g], tmpArg2[g]))
    elif gate[g] == 3:
        tmpOutput[g].set_to(NOT(tmpArg1[g]))
    else:  # copy
        tmpOutput[g].set_to(tmpArg1[g])

    for w in range(numWires):
        tmpDoWrite[g, w].set_to(same_wire(out[g], w))
        if tmpDoWrite[g, w] == 1:
            wires[g + 1, w].set_to(tmpOutput[g])
        else:
            wires[g + 1, w].set_to(wires[g, w])

for w in range(numOutputs):
    final_wires[w].set_to(wires[numGates, w])
