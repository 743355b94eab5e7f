"""`conv_sizes=` of `@Learn`: what it may be, and where what it may not be is shown."""

import pytest

from terpret.language.errors import Source
from terpret.language.parser import parse
from terpret.language.printer import print_module
from tests.language.helpers import checked, errors

MODEL = """SIZES = [(6, 5), (16, 5)]
a = InputTensor(28, 28)
y = Output(10)


@Learn([Tensor(28, 28)], 10, conv_sizes=SIZES, hid_sizes=[120, 84])
def net(img):
    pass


y.set_to(net(a))
"""


def with_sizes(text: str, image: str = "28, 28") -> str:
    text = MODEL.replace("conv_sizes=SIZES", f"conv_sizes={text}")
    return text.replace("Tensor(28, 28)", f"Tensor({image})")


@pytest.mark.parametrize(
    ("text", "image", "sizes"),
    [
        ("SIZES", "28, 28", ((6, 5), (16, 5))),
        ("[[6, 5], [16, 5]]", "28, 28, 3", ((6, 5), (16, 5))),
        ("[(4 * k, 3) for k in range(1, 3)]", "28, 20", ((4, 3), (8, 3))),
        ("[(2, 27)]", "28, 28", ((2, 27),)),
        ("[]", "28, 28", ()),
    ],
)
def test_channels_and_kernels_are_static(text: str, image: str, sizes: tuple) -> None:
    model = checked(with_sizes(text, image))
    assert model.networks[0].conv_sizes == sizes
    module = parse(Source("model.py", with_sizes(text, image)))
    assert parse(Source("model.py", print_module(module))) == module


def test_without_them_there_are_none() -> None:
    assert checked(MODEL.replace("conv_sizes=SIZES, ", "")).networks[0].conv_sizes == ()


PAIRS = "write [(6, 5), (16, 5)]: channels and kernel of each convolution"


@pytest.mark.parametrize(
    ("text", "image", "code", "place", "message", "advice"),
    [
        ("5", "28, 28", "E505", "5", "conv_sizes is not a list of pairs", PAIRS),
        ("[6, 5]", "28, 28", "E505", "6", "6 is no pair", PAIRS),
        ("[(6, 5, 1)]", "28, 28", "E505", "(6, 5, 1)", "a list is no pair", PAIRS),
        (
            "[(6, 5), (0, 5)]",
            "28, 28",
            "E205",
            "(0, 5)",
            "the number of channels is 0",
            "use 1 to 10,000",
        ),
        ("[(6, -1)]", "28, 28", "E205", "(6, -1)", "the kernel is -1", "use a positive integer"),
        (
            "[(6, True)]",
            "28, 28",
            "E205",
            "(6, True)",
            "the kernel is True",
            "use a positive integer",
        ),
        (
            "[(6, 28)]",
            "28, 28",
            "E205",
            "(6, 28)",
            "the kernel of convolution 1 is 28, and the image is 28 x 28",
            "use a kernel of at most 27",
        ),
        (
            "[(6, 5), (16, 5)]",
            "28, 13",
            "E205",
            "(16, 5)",
            "the kernel of convolution 2 is 5, and what is left of the image is 12 x 4",
            "use a kernel of at most 3",
        ),
        (
            "[(6, 27), (16, 1)]",
            "28, 28",
            "E205",
            "(16, 1)",
            "the kernel of convolution 2 is 1, and what is left of the image is 1 x 1",
            "use fewer convolutions",
        ),
        (
            "[(5000, 1)]",
            "100, 100",
            "E604",
            "(5000, 1)",
            "convolution 1 makes 50,000,000 numbers of an image",
            "use fewer channels or smaller images: at most 10,000,000",
        ),
    ],
)
def test_other_sizes_are_refused_at_their_place(
    text: str, image: str, code: str, place: str, message: str, advice: str
) -> None:
    source = with_sizes(text, image)
    (error,) = errors(source)
    assert (error.code, error.message, error.help) == (code, message, advice)
    line = source.splitlines()[error.span.line - 1]
    assert line[error.span.column - 1 :].startswith(place)


@pytest.mark.parametrize(
    ("domains", "parameters"),
    [
        ("Tensor(28, 28), Tensor(28, 28)", "a, b"),
        ("Tensor(28, 28), 4", "a, b"),
        ("4", "a"),
        ("Vector(28)", "a"),
        ("Tensor(2, 28, 28, 3)", "a"),
    ],
)
def test_they_take_one_image(domains: str, parameters: str) -> None:
    declared = MODEL.replace("[Tensor(28, 28)]", f"[{domains}]").replace("img", parameters)
    (error,) = errors(declared.replace("y.set_to(net(a))", "y.set_to(0)"))
    assert error.code == "E505" and error.span.line == 6
    assert error.message == "convolutions take one image, and 'net' is a function of something else"
    assert error.help.startswith("declare one argument, Tensor(28, 28), or Tensor(28, 28, 3)")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("hid_sizes=[4], pool=2", "@Learn takes no option 'pool'"),
        ("conv_sizes=SIZES", "@Learn needs 'hid_sizes'"),
    ],
)
def test_other_options_are_refused(options: str, message: str) -> None:
    (error,) = errors(MODEL.replace("conv_sizes=SIZES, hid_sizes=[120, 84]", options))
    assert (error.code, error.message) == ("E505", message)


def test_the_weights_of_all_layers_are_counted() -> None:
    # 60 x 60 x 300 of the image times 100 are too many; the kernels of the convolution are few.
    (error,) = errors(
        with_sizes("[(300, 1)]", "120, 120").replace("hid_sizes=[120, 84]", "hid_sizes=[100]")
    )
    assert error.code == "E604"
    assert error.message == "the network 'net' has 108,001,300 weights"
