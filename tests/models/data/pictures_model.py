from terpret.names import InputTensor, Learn, Output, Param, Runtime, Vector

img = InputTensor(2)[2]
y = Output(2)
place = Param(2)
shift = Param(2)


@Learn([Vector(2)], 2, hid_sizes=[4])
def net(a):
    pass


@Runtime([2, 2], 2)
def add(a, b):
    return (a + b) % 2


with place as p:
    y.set_to(add(net(img[p]), shift))
