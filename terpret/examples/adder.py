"""Two images of digits go in, a number comes out: what is done with which digits is learned."""

from terpret.names import InputTensor, Learn, Output, Param, Runtime, Tensor, Var

a = InputTensor(28, 28)
b = InputTensor(28, 28)
total = Output(19)

operation = Param(3, names=["add", "subtract", "larger"])
left = Param(2, names=["a", "b"])
right = Param(2, names=["a", "b"])

read = Var(10)[2]


@Learn([Tensor(28, 28)], 10, hid_sizes=[128])
def digit(image):
    pass


@Runtime([10, 10], 19)
def add(x, y):
    return x + y


@Runtime([10, 10], 19)
def subtract(x, y):
    return abs(x - y)


@Runtime([10, 10], 19)
def larger(x, y):
    return max(x, y)


read[0].set_to(digit(a))
read[1].set_to(digit(b))
with left as x:
    with right as y:
        if operation == 0:
            total.set_to(add(read[x], read[y]))
        elif operation == 1:
            total.set_to(subtract(read[x], read[y]))
        else:
            total.set_to(larger(read[x], read[y]))
