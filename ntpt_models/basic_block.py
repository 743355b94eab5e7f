"""Basic blocks: learns a control-flow graph of one-instruction blocks (TerpreT report)."""

from terpret.names import Hyper, Input, Output, Param, Runtime, Var

# constants
numBlocks = Hyper(4)
numRegisters = Hyper(2)
numTimesteps = Hyper(5)
maxInt = Hyper(5)
NUM_INSTR = 9
NUM_BLOCK = numBlocks + 1  # block 0 halts

# variables
initial_memory = Input(maxInt)[maxInt]
final_is_halted = Output(2)
final_memory = Output(maxInt)[maxInt]

# the program: each block's instruction, its registers, and the two blocks it may go to
instructions = Param(
    NUM_INSTR, names=["NOOP", "WRITE", "READ", "ZERO", "INC", "DEC", "ADD", "SUB", "LESS"]
)[NUM_BLOCK]
thenBlock = Param(NUM_BLOCK, names="B{}")[NUM_BLOCK]
elseBlock = Param(NUM_BLOCK, names="B{}")[NUM_BLOCK]
arg1Reg = Param(numRegisters, names="R{}")[NUM_BLOCK]
arg2Reg = Param(numRegisters, names="R{}")[NUM_BLOCK]
outReg = Param(numRegisters, names="R{}")[NUM_BLOCK]
condReg = Param(numRegisters, names="R{}")[NUM_BLOCK]

# the halting block does nothing, for ever
instructions[0].set_to_constant(0)
thenBlock[0].set_to_constant(0)
elseBlock[0].set_to_constant(0)

blockPointer = Var(NUM_BLOCK)[numTimesteps + 1]
registers = Var(maxInt)[numTimesteps + 1, numRegisters]
memory = Var(maxInt)[numTimesteps + 1, maxInt]
tmpOutput = Var(maxInt)[numTimesteps]
tmpArg1Val = Var(maxInt)[numTimesteps]
tmpArg2Val = Var(maxInt)[numTimesteps]
tmpIsMemoryWrite = Var(2)[numTimesteps]
tmpGoToThenBlock = Var(2)[numTimesteps]
tmpDoWriteRegister = Var(2)[numTimesteps, numRegisters]
tmpDoWriteMemoryCell = Var(2)[numTimesteps, maxInt]


# functions
@Runtime([maxInt], maxInt)
def Inc(a):
    return (a + 1) % maxInt


@Runtime([maxInt], maxInt)
def Dec(a):
    return (a - 1) % maxInt


@Runtime([maxInt, maxInt], maxInt)
def Add(a, b):
    return (a + b) % maxInt


@Runtime([maxInt, maxInt], maxInt)
def Sub(a, b):
    return (a - b) % maxInt


@Runtime([maxInt, maxInt], maxInt)
def LessThan(a, b):
    return 1 if a < b else 0


@Runtime([maxInt, maxInt], 2)
def same_address(a, b):
    return 1 if a == b else 0


@Runtime([numRegisters, numRegisters], 2)
def same_register(a, b):
    return 1 if a == b else 0


@Runtime([maxInt], 2)
def positive(a):
    return 1 if a > 0 else 0


# initialization
blockPointer[0].set_to(1)
for a in range(maxInt):
    memory[0, a].set_to(initial_memory[a])
for r in range(numRegisters):
    registers[0, r].set_to(0)

# execution model
for t in range(numTimesteps):
    with blockPointer[t] as b:
        with arg1Reg[b] as r:
            tmpArg1Val[t].set_to(registers[t, r])
        with arg2Reg[b] as r:
            tmpArg2Val[t].set_to(registers[t, r])

        if instructions[b] == 0:  # noop
            tmpOutput[t].set_to(tmpArg1Val[t])
            tmpIsMemoryWrite[t].set_to(0)
        elif instructions[b] == 1:  # write
            tmpOutput[t].set_to(tmpArg1Val[t])
            tmpIsMemoryWrite[t].set_to(1)
        elif instructions[b] == 2:  # read
            with tmpArg1Val[t] as a:
                tmpOutput[t].set_to(memory[t, a])
            tmpIsMemoryWrite[t].set_to(0)
        elif instructions[b] == 3:  # zero
            tmpOutput[t].set_to(0)
            tmpIsMemoryWrite[t].set_to(0)
        elif instructions[b] == 4:  # inc
            tmpOutput[t].set_to(Inc(tmpArg1Val[t]))
            tmpIsMemoryWrite[t].set_to(0)
        elif instructions[b] == 5:  # dec
            tmpOutput[t].set_to(Dec(tmpArg1Val[t]))
            tmpIsMemoryWrite[t].set_to(0)
        elif instructions[b] == 6:  # add
            tmpOutput[t].set_to(Add(tmpArg1Val[t], tmpArg2Val[t]))
            tmpIsMemoryWrite[t].set_to(0)
        elif instructions[b] == 7:  # sub
            tmpOutput[t].set_to(Sub(tmpArg1Val[t], tmpArg2Val[t]))
            tmpIsMemoryWrite[t].set_to(0)
        elif instructions[b] == 8:  # less
            tmpOutput[t].set_to(LessThan(tmpArg1Val[t], tmpArg2Val[t]))
            tmpIsMemoryWrite[t].set_to(0)

        if tmpIsMemoryWrite[t] == 0:
            for r in range(numRegisters):
                tmpDoWriteRegister[t, r].set_to(same_register(outReg[b], r))
                if tmpDoWriteRegister[t, r] == 1:
                    registers[t + 1, r].set_to(tmpOutput[t])
                else:
                    registers[t + 1, r].set_to(registers[t, r])
            for a in range(maxInt):
                memory[t + 1, a].set_to(memory[t, a])
        else:
            for r in range(numRegisters):
                registers[t + 1, r].set_to(registers[t, r])
            for a in range(maxInt):
                tmpDoWriteMemoryCell[t, a].set_to(same_address(tmpArg1Val[t], a))
                if tmpDoWriteMemoryCell[t, a] == 0:
                    memory[t + 1, a].set_to(memory[t, a])
                else:
                    memory[t + 1, a].set_to(tmpArg2Val[t])

        with condReg[b] as r:
            tmpGoToThenBlock[t].set_to(positive(registers[t + 1, r]))
            if tmpGoToThenBlock[t] == 1:
                blockPointer[t + 1].set_to(thenBlock[b])
            else:
                blockPointer[t + 1].set_to(elseBlock[b])

if blockPointer[numTimesteps] == 0:
    final_is_halted.set_to(1)
else:
    final_is_halted.set_to(0)
for a in range(maxInt):
    final_memory[a].set_to(memory[numTimesteps, a])
