"""MNIST-addition: two numbers of N handwritten digits are added, their digits lowest first.

The program is given, and the classifier of digits is learned from sums alone (DeepProbLog, Manhaeve
et al., 2018). The network is DeepProbLog's LeNet.
"""

from terpret.names import Hyper, InputTensor, Learn, Output, Runtime, Tensor, Var

N = Hyper(1)
a = InputTensor(28, 28)[N]
b = InputTensor(28, 28)[N]
total = Output(10)[N + 1]
left = Var(10)[N]
right = Var(10)[N]
carry = Var(2)[N + 1]


@Learn([Tensor(28, 28)], 10, conv_sizes=[(6, 5), (16, 5)], hid_sizes=[120, 84])
def digit(img):
    pass


@Runtime([10, 10, 2], 10)
def write(x, y, c):
    return (x + y + c) % 10


@Runtime([10, 10, 2], 2)
def keep(x, y, c):
    return (x + y + c) // 10


@Runtime([2], 10)
def as_digit(c):
    return c


carry[0].set_to(0)
for i in range(N):
    left[i].set_to(digit(a[i]))
    right[i].set_to(digit(b[i]))
    total[i].set_to(write(left[i], right[i], carry[i]))
    carry[i + 1].set_to(keep(left[i], right[i], carry[i]))
total[N].set_to(as_digit(carry[N]))
