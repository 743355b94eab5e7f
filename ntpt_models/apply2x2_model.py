"""APPLY2X2: straight-line code that moves over a 2x2 grid of operators (paper, B.2)."""

from terpret.names import Hyper, Input, InputTensor, Learn, Output, Param, Runtime, Var, Vector

# constants
IMAGE_SIZE = 28
NUM_INSTR = 6  # listing: 4, but six cases follow: no-op, apply and four moves
NUM_DIGITS = 10
T = Hyper(5)  # listing: T = 5; a program has T - 1 lines
MAX_INT = 2 * NUM_DIGITS - 1
NUM_NETS = Hyper(2)  # listing: NUM_NETS = 2
GRID_SIZE = 2  # listing: missing

# variables
tiles = InputTensor(IMAGE_SIZE, IMAGE_SIZE)[4]
aux_ints = Input(MAX_INT)[3]
final_sum = Output(MAX_INT)
instr = Param(
    NUM_INSTR, names=["NOOP", "APPLY", "MOVE_EAST", "MOVE_SOUTH", "MOVE_WEST", "MOVE_NORTH"]
)[T - 1]
args1 = Param(T + 3, names="R{}")[T - 1]
args2 = Param(T + 3, names="R{}")[T - 1]  # listing: args2s
args3 = Param(T + 3, names="R{}")[T - 1]  # listing: args3s
return_reg = Param(T + 3, names="R{}")  # listing: Param(T), which cannot reach R7 of Figure 3(b)
net_choice = Param(NUM_NETS, names=["net_0", "net_1"])

pos = Var(4)[T]
registers = Var(MAX_INT)[T, T + 3]

tmp_0 = Var(10)[T]
tmp_1 = Var(4)[T]
tmp_opcode = Var(4)[T - 1]


# functions
@Learn([Vector(IMAGE_SIZE, IMAGE_SIZE)], 10, hid_sizes=[256, 256])
def net_0(img):
    pass


@Learn([Vector(IMAGE_SIZE, IMAGE_SIZE)], 4, hid_sizes=[256, 256])
def net_1(img):
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


@Runtime([4], 4)
def move_east(pos):
    x = pos % GRID_SIZE
    y = pos // GRID_SIZE  # listing: '/', Python 2's integer division
    x = x + 1 if x + 1 < GRID_SIZE else (GRID_SIZE - 1)
    return GRID_SIZE * y + x


@Runtime([4], 4)
def move_south(pos):  # listing: "similar definitions for move_south/west/north"
    x = pos % GRID_SIZE
    y = pos // GRID_SIZE
    y = y + 1 if y + 1 < GRID_SIZE else (GRID_SIZE - 1)
    return GRID_SIZE * y + x


@Runtime([4], 4)
def move_west(pos):
    x = pos % GRID_SIZE
    y = pos // GRID_SIZE
    x = x - 1 if x > 0 else 0
    return GRID_SIZE * y + x


@Runtime([4], 4)
def move_north(pos):
    x = pos % GRID_SIZE
    y = pos // GRID_SIZE
    y = y - 1 if y > 0 else 0
    return GRID_SIZE * y + x


@Runtime([MAX_INT], 4)
def extract_op_code(c):
    return c if c < 4 else 0


@Runtime([4], MAX_INT)
def embed_op_code(c):
    return c


@Runtime([10], MAX_INT)
def embed_digit(c):
    return c


# initialization
pos[0].set_to(0)
registers[0, 0].set_to(aux_ints[0])
registers[0, 1].set_to(aux_ints[1])
registers[0, 2].set_to(aux_ints[2])

if net_choice == 0:
    tmp_0[0].set_to(net_0(tiles[0]))
    registers[0, 3].set_to(embed_digit(tmp_0[0]))
else:  # listing: elif net_choice == 1, here and below; with one network there is no such value
    tmp_1[0].set_to(net_1(tiles[0]))
    registers[0, 3].set_to(embed_op_code(tmp_1[0]))
for r in range(4, T + 3):
    registers[0, r].set_to(0)

# execution model
for t in range(T - 1):
    if instr[t] == 0:  # NOOP
        pos[t + 1].set_to(pos[t])
        registers[t + 1, t + 4].set_to(0)
    elif instr[t] == 1:  # APPLY
        with args3[t] as a3:
            tmp_opcode[t].set_to(extract_op_code(registers[t, a3]))
        with args1[t] as a1:
            with args2[t] as a2:
                registers[t + 1, t + 4].set_to(
                    Apply(registers[t, a1], registers[t, a2], tmp_opcode[t])
                )
        pos[t + 1].set_to(pos[t])
    elif instr[t] == 2:  # MOVE_EAST
        pos[t + 1].set_to(move_east(pos[t]))
        with pos[t + 1] as p:  # listing: this 'with' lost its indentation in print
            if net_choice == 0:
                tmp_0[t + 1].set_to(net_0(tiles[p]))
                registers[t + 1, t + 4].set_to(embed_digit(tmp_0[t + 1]))
            else:
                tmp_1[t + 1].set_to(net_1(tiles[p]))
                registers[t + 1, t + 4].set_to(embed_op_code(tmp_1[t + 1]))
    elif instr[t] == 3:  # MOVE_SOUTH
        pos[t + 1].set_to(move_south(pos[t]))
        with pos[t + 1] as p:
            if net_choice == 0:
                tmp_0[t + 1].set_to(net_0(tiles[p]))
                registers[t + 1, t + 4].set_to(embed_digit(tmp_0[t + 1]))
            else:
                tmp_1[t + 1].set_to(net_1(tiles[p]))
                registers[t + 1, t + 4].set_to(embed_op_code(tmp_1[t + 1]))
    elif instr[t] == 4:  # MOVE_WEST
        pos[t + 1].set_to(move_west(pos[t]))
        with pos[t + 1] as p:
            if net_choice == 0:
                tmp_0[t + 1].set_to(net_0(tiles[p]))
                registers[t + 1, t + 4].set_to(embed_digit(tmp_0[t + 1]))
            else:
                tmp_1[t + 1].set_to(net_1(tiles[p]))
                registers[t + 1, t + 4].set_to(embed_op_code(tmp_1[t + 1]))
    elif instr[t] == 5:  # MOVE_NORTH
        pos[t + 1].set_to(move_north(pos[t]))
        with pos[t + 1] as p:
            if net_choice == 0:
                tmp_0[t + 1].set_to(net_0(tiles[p]))
                registers[t + 1, t + 4].set_to(embed_digit(tmp_0[t + 1]))
            else:
                tmp_1[t + 1].set_to(net_1(tiles[p]))
                registers[t + 1, t + 4].set_to(embed_op_code(tmp_1[t + 1]))

    for r in range(t + 4):
        registers[t + 1, r].set_to(registers[t, r])
    for r in range(t + 5, T + 3):
        registers[t + 1, r].set_to(registers[t, r])

with return_reg as r:
    final_sum.set_to(registers[T - 1, r])
