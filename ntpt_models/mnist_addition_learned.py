"""MNIST-addition of which the program is learned too: what a column does, and what it hands on.

A column has three registers: its two digits and what the column before has handed on. It combines
registers of its choice by operations of its choice; what of the result it writes, what it hands on,
what the first column is handed, and what stands before the last are to be learned as well. Digits
are lowest first, and every column runs the same program.
"""

from terpret.names import Hyper, InputTensor, Learn, Output, Param, Runtime, Tensor, Var

N = Hyper(2)
MAX_INT = 20

a = InputTensor(28, 28)[N]
b = InputTensor(28, 28)[N]
total = Output(10)[N + 1]

first_op = Param(4, names=["ADD", "SUB", "MUL", "MAX"])
first_arg = Param(3, names=["LEFT", "RIGHT", "HANDED"])
second_arg = Param(3, names=["LEFT", "RIGHT", "HANDED"])
second_op = Param(4, names=["ADD", "SUB", "MUL", "MAX"])
third_arg = Param(3, names=["LEFT", "RIGHT", "HANDED"])
written = Param(3, names=["LOW", "HIGH", "ZERO"])
handed_on = Param(3, names=["LOW", "HIGH", "ZERO"])
start = Param(2)
before_last = Param(3, names=["ZERO", "ONE", "HANDED"])

tmp = Var(10)[N, 2]
registers = Var(MAX_INT)[N + 1, 3]
first = Var(MAX_INT)[N]
second = Var(MAX_INT)[N]


@Learn([Tensor(28, 28)], 10, conv_sizes=[(6, 5), (16, 5)], hid_sizes=[120, 84])
def digit(img):
    pass


@Runtime([MAX_INT, MAX_INT], MAX_INT)
def add(x, y):
    return (x + y) % MAX_INT


@Runtime([MAX_INT, MAX_INT], MAX_INT)
def sub(x, y):
    return (x - y) % MAX_INT


@Runtime([MAX_INT, MAX_INT], MAX_INT)
def mul(x, y):
    return (x * y) % MAX_INT


@Runtime([MAX_INT, MAX_INT], MAX_INT)
def greater(x, y):
    return x if x > y else y


@Runtime([MAX_INT], 10)
def low(x):
    return x % 10


@Runtime([MAX_INT], 10)
def high(x):
    return x // 10


@Runtime([10], MAX_INT)
def embed(x):
    return x


@Runtime([2], MAX_INT)
def as_number(x):
    return x


registers[0, 2].set_to(as_number(start))
for i in range(N):
    tmp[i, 0].set_to(digit(a[i]))
    tmp[i, 1].set_to(digit(b[i]))
    registers[i, 0].set_to(embed(tmp[i, 0]))
    registers[i, 1].set_to(embed(tmp[i, 1]))
    with first_arg as x:
        with second_arg as y:
            if first_op == 0:
                first[i].set_to(add(registers[i, x], registers[i, y]))
            elif first_op == 1:
                first[i].set_to(sub(registers[i, x], registers[i, y]))
            elif first_op == 2:
                first[i].set_to(mul(registers[i, x], registers[i, y]))
            elif first_op == 3:
                first[i].set_to(greater(registers[i, x], registers[i, y]))
    with third_arg as z:
        if second_op == 0:
            second[i].set_to(add(first[i], registers[i, z]))
        elif second_op == 1:
            second[i].set_to(sub(first[i], registers[i, z]))
        elif second_op == 2:
            second[i].set_to(mul(first[i], registers[i, z]))
        elif second_op == 3:
            second[i].set_to(greater(first[i], registers[i, z]))
    if written == 0:
        total[i].set_to(low(second[i]))
    elif written == 1:
        total[i].set_to(high(second[i]))
    elif written == 2:
        total[i].set_to(0)
    if handed_on == 0:
        registers[i + 1, 2].set_to(embed(low(second[i])))
    elif handed_on == 1:
        registers[i + 1, 2].set_to(embed(high(second[i])))
    elif handed_on == 2:
        registers[i + 1, 2].set_to(0)
if before_last == 0:
    total[N].set_to(0)
elif before_last == 1:
    total[N].set_to(1)
elif before_last == 2:
    total[N].set_to(low(registers[N, 2]))
