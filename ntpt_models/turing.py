"""A Turing machine: learns its table from tapes before and after (TerpreT report)."""

from terpret.names import Hyper, Input, Output, Param, Runtime, Var

# constants
numTapeSymbols = Hyper(3)
numHeadStates = Hyper(2)
tapeLength = Hyper(5)
numTimesteps = Hyper(6)

# variables
initial_tape = Input(numTapeSymbols)[tapeLength]
final_is_halted = Output(2)
final_tape = Output(numTapeSymbols)[tapeLength]

# the program: what to write, where to go and what to be, by state and symbol; state 0 halts
write = Param(numTapeSymbols)[numHeadStates, numTapeSymbols]
dir = Param(3, names=["stay", "right", "left"])[numHeadStates, numTapeSymbols]
newState = Param(numHeadStates)[numHeadStates, numTapeSymbols]

tape = Var(numTapeSymbols)[numTimesteps, tapeLength]
curPos = Var(tapeLength)[numTimesteps]
curState = Var(numHeadStates)[numTimesteps]
isHalted = Var(2)[numTimesteps]
tmpActiveCell = Var(2)[numTimesteps - 1, tapeLength]
tmpCurSymbol = Var(numTapeSymbols)[numTimesteps - 1]


# functions
@Runtime([tapeLength, 3], tapeLength)
def move(position, direction):
    if direction == 0:  # stay
        return position
    elif direction == 1:  # right
        return (position + 1) % tapeLength
    else:  # left
        return (position - 1) % tapeLength


@Runtime([tapeLength, tapeLength], 2)
def same_position(a, b):
    return 1 if a == b else 0


@Runtime([numHeadStates, numHeadStates], 2)
def same_state(a, b):
    return 1 if a == b else 0


# initialization
curPos[0].set_to(0)
curState[0].set_to(1)
isHalted[0].set_to(0)
for m in range(tapeLength):
    tape[0, m].set_to(initial_tape[m])

# execution model
for t in range(numTimesteps - 1):
    if isHalted[t] == 1:
        for m in range(tapeLength):
            tape[t + 1, m].set_to(tape[t, m])
        curState[t + 1].set_to(curState[t])
        curPos[t + 1].set_to(curPos[t])
        isHalted[t + 1].set_to(isHalted[t])
    else:
        with curState[t] as s:
            with curPos[t] as p:
                with tape[t, p] as q:
                    tmpCurSymbol[t].set_to(write[s, q])
                    curPos[t + 1].set_to(move(p, dir[s, q]))
                    curState[t + 1].set_to(newState[s, q])

        isHalted[t + 1].set_to(same_state(0, curState[t + 1]))
        for m in range(tapeLength):
            tmpActiveCell[t, m].set_to(same_position(m, curPos[t]))
            if tmpActiveCell[t, m] == 1:
                tape[t + 1, m].set_to(tmpCurSymbol[t])
            else:
                tape[t + 1, m].set_to(tape[t, m])

final_is_halted.set_to(isHalted[numTimesteps - 1])
for m in range(tapeLength):
    final_tape[m].set_to(tape[numTimesteps - 1, m])
