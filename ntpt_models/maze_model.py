"""Street-sign mazes: a loop that follows arrows to a stop sign and counts its steps (Figure 1).

The paper shows components of this model only (Figure 1, its caption, and Appendix A): the agent's
position X, Y on a grid of W x H images, one register, LOOK, a learned `instr` and `goto`, the
observed `path_len`, and a solution that uses LOOK, MOVE and INC in a loop. Those are kept by name.
What it leaves open is ours, and each choice says why it was made.
"""

from terpret.names import Hyper, Input, InputTensor, Learn, Output, Param, Runtime, Var, Vector

# constants
W = Hyper(3)  # Appendix A trains on W x H = 3 x 2
H = Hyper(2)
T = Hyper(3 * W * H)  # ours: W H - 1 rounds of the loop, a last LOOK, and two steps to spare
N_INSTR = 3
N_BLOCK = 3  # ours: a block for each instruction of the published loop, as in MATH
MAX_INT = W * H  # ours: the lengths of all paths that visit no square twice, 0..W H - 1
IMAGE_SIZE = 28

# What LOOK tells; the directions in the order of ADD2X2's moves.
N_SIGNS = 5
STOP = 0
EAST = 1
SOUTH = 2
WEST = 3
NORTH = 4

# variables
img_grid = InputTensor(IMAGE_SIZE, IMAGE_SIZE)[H, W]  # ours: row by row, as pictures are read
start_X = Input(W)
start_Y = Input(H)
path_len = Output(MAX_INT)
halt_at_end = Output(2)  # ours: observed as in MATH, else the stop sign means nothing to LOOK
instr = Param(N_INSTR, names=["LOOK", "MOVE", "INC"])[N_BLOCK]
goto = Param(N_BLOCK, names="L{}")[N_BLOCK]

X = Var(W)[T + 1]
Y = Var(H)[T + 1]
dir = Var(N_SIGNS)[T + 1]  # ours: what was read last has a place of its own beside the register
reg = Var(MAX_INT)[T + 1]
block_ptr = Var(N_BLOCK)[T + 1]
ishalted = Var(2)[T + 1]
op = Var(N_INSTR)[T]


# functions
@Learn([Vector(IMAGE_SIZE, IMAGE_SIZE)], N_SIGNS, hid_sizes=[256, 256])
def LOOK(img):  # ours: the layers of net_0 and net_1
    pass


# ours: an agent stays at the edge, as in ADD2X2; if edges met, as those of MATH's tape do, north
# and south would be one direction on a grid of two rows, and LOOK could not tell them apart
@Runtime([W, N_SIGNS], W)
def move_x(x, dir):
    if dir == EAST:
        return min(x + 1, W - 1)
    elif dir == WEST:
        return max(x - 1, 0)
    else:
        return x


@Runtime([H, N_SIGNS], H)
def move_y(y, dir):
    if dir == SOUTH:
        return min(y + 1, H - 1)
    elif dir == NORTH:
        return max(y - 1, 0)
    else:
        return y


@Runtime([MAX_INT], MAX_INT)
def increment(n):
    return (n + 1) % MAX_INT


@Runtime([N_SIGNS], 2)
def is_stop(dir):
    return 1 if dir == STOP else 0


# initialization
X[0].set_to(start_X)
Y[0].set_to(start_Y)
dir[0].set_to(STOP)  # ours: before the first LOOK a MOVE stands still
reg[0].set_to(0)
block_ptr[0].set_to(0)
ishalted[0].set_to(0)

# execution model
for t in range(T):
    # ours: the pointer moves on when halted, which changes no result, and so depends on the program
    # alone: it is worked out once for all mazes, and its marginal is never blurred by halting
    with block_ptr[t] as bp:
        op[t].set_to(instr[bp])
        block_ptr[t + 1].set_to(goto[bp])

    # ours: nor does the agent stand still when halted: it reads the stop sign again and stays there
    if op[t] == 0:  # LOOK
        with Y[t] as y:
            with X[t] as x:
                dir[t + 1].set_to(LOOK(img_grid[y, x]))
        X[t + 1].set_to(X[t])
        Y[t + 1].set_to(Y[t])
    elif op[t] == 1:  # MOVE
        dir[t + 1].set_to(dir[t])
        X[t + 1].set_to(move_x(X[t], dir[t]))
        Y[t + 1].set_to(move_y(Y[t], dir[t]))
    elif op[t] == 2:  # INC
        dir[t + 1].set_to(dir[t])
        X[t + 1].set_to(X[t])
        Y[t + 1].set_to(Y[t])

    # ours: a stop sign halts when it is read; a test after each instruction, as in MATH, would
    # count an unsure reading three times
    if ishalted[t] == 1:
        reg[t + 1].set_to(reg[t])
        ishalted[t + 1].set_to(1)
    elif ishalted[t] == 0:
        if op[t] == 0:
            reg[t + 1].set_to(reg[t])
            ishalted[t + 1].set_to(is_stop(dir[t + 1]))
        elif op[t] == 1:
            reg[t + 1].set_to(reg[t])
            ishalted[t + 1].set_to(0)
        elif op[t] == 2:
            reg[t + 1].set_to(increment(reg[t]))
            ishalted[t + 1].set_to(0)

path_len.set_to(reg[T])
halt_at_end.set_to(ishalted[T])
