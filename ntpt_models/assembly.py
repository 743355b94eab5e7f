"""Assembly: learns lines of code, one instruction a step, with jumps on zero (TerpreT report)."""

from terpret.names import Hyper, Input, Output, Param, Runtime, Var

# constants
numBlocks = Hyper(4)
numRegisters = Hyper(2)
numTimesteps = Hyper(5)
maxInt = Hyper(5)
NUM_INSTR = 11
NUM_BLOCK = numBlocks + 1  # line 0 halts

# variables
initial_envMemory = Input(maxInt)[maxInt]
final_block = Output(NUM_BLOCK)
final_envMemory = Output(maxInt)[maxInt]

# the program: each line's instruction, its registers, and the line that a jump goes to
instructions = Param(
    NUM_INSTR,
    names=["NOOP", "WRITE", "READ", "ZERO", "INC", "DEC", "ADD", "SUB", "LESS", "JZ", "JNZ"],
)[NUM_BLOCK]
arg1Reg = Param(numRegisters, names="R{}")[NUM_BLOCK]
arg2Reg = Param(numRegisters, names="R{}")[NUM_BLOCK]
outReg = Param(numRegisters, names="R{}")[NUM_BLOCK]
branchAddr = Param(NUM_BLOCK, names="L{}")[NUM_BLOCK]

# the halting line does nothing, for ever
instructions[0].set_to_constant(0)
arg1Reg[0].set_to_constant(0)
arg2Reg[0].set_to_constant(0)
outReg[0].set_to_constant(0)
branchAddr[0].set_to_constant(0)

block = Var(NUM_BLOCK)[numTimesteps + 1]
registers = Var(maxInt)[numTimesteps + 1, numRegisters]
envMemory = Var(maxInt)[numTimesteps + 1, maxInt]
tmpOutput = Var(maxInt)[numTimesteps]
tmpArg1Val = Var(maxInt)[numTimesteps]
tmpArg2Val = Var(maxInt)[numTimesteps]
tmpDoJump = Var(2)[numTimesteps]
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


@Runtime([NUM_INSTR, numRegisters, numRegisters], 2)
def writes_register(instruction, out, r):
    return 1 if instruction != 1 and instruction < 9 and out == r else 0


@Runtime([NUM_INSTR, maxInt, maxInt], 2)
def writes_cell(instruction, address, a):
    return 1 if instruction == 1 and address == a else 0


@Runtime([NUM_INSTR, maxInt], 2)
def jumps(instruction, a):
    return 1 if (instruction == 9 and a == 0) or (instruction == 10 and a > 0) else 0


@Runtime([NUM_BLOCK], NUM_BLOCK)
def line_after(b):
    return (b + 1) % NUM_BLOCK if b > 0 else 0


# initialization
block[0].set_to(1)
for a in range(maxInt):
    envMemory[0, a].set_to(initial_envMemory[a])
for r in range(numRegisters):
    registers[0, r].set_to(0)

# execution model
for t in range(numTimesteps):
    with block[t] as b:
        with arg1Reg[b] as r:
            tmpArg1Val[t].set_to(registers[t, r])
        with arg2Reg[b] as r:
            tmpArg2Val[t].set_to(registers[t, r])

        if instructions[b] == 2:  # read
            with tmpArg1Val[t] as a:
                tmpOutput[t].set_to(envMemory[t, a])
        elif instructions[b] == 3:  # zero
            tmpOutput[t].set_to(0)
        elif instructions[b] == 4:  # inc
            tmpOutput[t].set_to(Inc(tmpArg1Val[t]))
        elif instructions[b] == 5:  # dec
            tmpOutput[t].set_to(Dec(tmpArg1Val[t]))
        elif instructions[b] == 6:  # add
            tmpOutput[t].set_to(Add(tmpArg1Val[t], tmpArg2Val[t]))
        elif instructions[b] == 7:  # sub
            tmpOutput[t].set_to(Sub(tmpArg1Val[t], tmpArg2Val[t]))
        elif instructions[b] == 8:  # less
            tmpOutput[t].set_to(LessThan(tmpArg1Val[t], tmpArg2Val[t]))
        else:  # noop, and what writes no register
            tmpOutput[t].set_to(tmpArg1Val[t])

        for r in range(numRegisters):
            tmpDoWriteRegister[t, r].set_to(writes_register(instructions[b], outReg[b], r))
            if tmpDoWriteRegister[t, r] == 1:
                registers[t + 1, r].set_to(tmpOutput[t])
            else:
                registers[t + 1, r].set_to(registers[t, r])
        for a in range(maxInt):
            tmpDoWriteMemoryCell[t, a].set_to(writes_cell(instructions[b], tmpArg1Val[t], a))
            if tmpDoWriteMemoryCell[t, a] == 1:
                envMemory[t + 1, a].set_to(tmpArg2Val[t])
            else:
                envMemory[t + 1, a].set_to(envMemory[t, a])

        tmpDoJump[t].set_to(jumps(instructions[b], tmpArg1Val[t]))
        if tmpDoJump[t] == 1:
            block[t + 1].set_to(branchAddr[b])
        else:
            block[t + 1].set_to(line_after(b))

final_block.set_to(block[numTimesteps])
for a in range(maxInt):
    final_envMemory[a].set_to(envMemory[numTimesteps, a])
