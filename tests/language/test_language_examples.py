"""Every example of docs/language.md compiles."""

import pathlib
import re

import pytest

from tests.language.helpers import checked

TEXT = (pathlib.Path(__file__).parents[2] / "docs" / "language.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", TEXT, re.S)


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_the_example_compiles(number):
    assert checked(EXAMPLES[number]).variables


def test_every_word_has_an_example():
    words = (
        "Hyper Param Var Input Output InputTensor OutputTensor Vector Tensor Runtime Learn Inline "
        "set_to set_to_constant observe_value if elif else with for in and or"
    )
    together = "\n".join(EXAMPLES)
    missing = [word for word in words.split() if not re.search(rf"\b{word}\b", together)]
    assert not missing
