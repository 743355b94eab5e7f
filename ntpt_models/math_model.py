"""MATH: a loop that reads a tape of handwritten symbols and evaluates it (paper, B.3)."""

from terpret.names import Hyper, InputTensor, Learn, Output, Param, Runtime, Var, Vector

# constants
N_TILES = Hyper(4)  # listing: 4; N digits need 2N tiles, the head starts on tile 0, the end
T = Hyper(6)  # listing: 6; N digits need 3N steps
N_INSTR = 2
N_BLOCK = 3
N_REG = N_BLOCK
MAX_INT = 19
IMAGE_SIZE = 28

# variables
tiles = InputTensor(IMAGE_SIZE, IMAGE_SIZE)[N_TILES]
final_sum = Output(MAX_INT)
halt_at_end = Output(2)
instr = Param(N_INSTR, names=["APPLY", "MOVE"])[N_BLOCK]
args1 = Param(N_REG, names="R{}")[N_BLOCK]  # listing: args1 here, arg1s where it is read
args2 = Param(N_REG, names="R{}")[N_BLOCK]  # listing: args2s here, arg2s where it is read
args3 = Param(N_REG, names="R{}")[N_BLOCK]  # listing: args3s here, arg3s where it is read
net_choice = Param(2, names="net_{}")[N_BLOCK]
goto_block = Param(N_BLOCK, names="L{}")[N_BLOCK]
return_reg = Param(N_REG, names="R{}")

block_ptr = Var(N_BLOCK)[T + 1]
registers = Var(MAX_INT)[T + 1, N_REG]
pos = Var(N_TILES)[T + 1]
ishalted = Var(2)[T + 1]

tmp_0 = Var(10)[T]
tmp_1 = Var(4)[T]
tmp_opcode = Var(4)[T]


# functions
@Learn([Vector(IMAGE_SIZE, IMAGE_SIZE)], 10, hid_sizes=[256, 256])
def net_0(img):
    pass


@Learn([Vector(IMAGE_SIZE, IMAGE_SIZE)], 4, hid_sizes=[256, 256])
def net_1(img):  # listing: classify_operation
    pass


@Runtime([MAX_INT, MAX_INT, 4], MAX_INT)
def Apply(a, b, op):
    if op == 0:
        return (a + b) % MAX_INT
    elif op == 1:
        return (a - b) % MAX_INT
    elif op == 2:
        return (a * b) % MAX_INT
    elif op == 3:
        # listing: int(a / b), Python 2's integer division
        return MAX_INT - 1 if b == 0 else (a // b) % MAX_INT
    else:
        return a


@Runtime([N_TILES], N_TILES)
def move_east(pos):
    return (pos + 1) % N_TILES


@Runtime([4], MAX_INT)
def embed_op_code(c):
    return c


@Runtime([10], MAX_INT)
def embed_digit(c):
    return c


@Runtime([N_TILES], 2)
def pos_eq_zero(pos):
    return 1 if pos == 0 else 0


@Runtime([MAX_INT], 4)
def extract_op_code(c):
    return c if c < 4 else 0


# listing: inc_block_ptr and register_equality are declared here and never called

# initialization
pos[0].set_to(0)
block_ptr[0].set_to(0)
for r in range(N_REG):
    registers[0, r].set_to(0)
ishalted[0].set_to(0)

# execution model
for t in range(T):
    if ishalted[t] == 1:
        ishalted[t + 1].set_to(ishalted[t])
        block_ptr[t + 1].set_to(block_ptr[t])
        pos[t + 1].set_to(pos[t])
        for r in range(N_REG):
            registers[t + 1, r].set_to(registers[t, r])
    elif ishalted[t] == 0:
        with block_ptr[t] as bp:
            if instr[bp] == 0:  # APPLY
                with args3[bp] as a3:
                    tmp_opcode[t].set_to(extract_op_code(registers[t, a3]))
                with args1[bp] as a1:
                    with args2[bp] as a2:
                        registers[t + 1, bp].set_to(
                            Apply(registers[t, a1], registers[t, a2], tmp_opcode[t])
                        )
                pos[t + 1].set_to(pos[t])
            elif instr[bp] == 1:  # MOVE
                pos[t + 1].set_to(move_east(pos[t]))
                with pos[t + 1] as p:
                    if net_choice[bp] == 0:
                        tmp_0[t].set_to(net_0(tiles[p]))
                        registers[t + 1, bp].set_to(embed_digit(tmp_0[t]))
                    elif net_choice[bp] == 1:
                        tmp_1[t].set_to(net_1(tiles[p]))
                        registers[t + 1, bp].set_to(embed_op_code(tmp_1[t]))

            block_ptr[t + 1].set_to(goto_block[bp])
            ishalted[t + 1].set_to(pos_eq_zero(pos[t + 1]))

            # listing: these two loops lost their indentation in print
            for r in range(bp):
                registers[t + 1, r].set_to(registers[t, r])
            for r in range(bp + 1, N_REG):
                registers[t + 1, r].set_to(registers[t, r])

with return_reg as r:
    final_sum.set_to(registers[T, r])
halt_at_end.set_to(ishalted[T])
