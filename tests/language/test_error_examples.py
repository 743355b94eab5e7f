"""Every example of docs/errors.md gives its code, and its mend compiles."""

import pathlib
import re

import pytest

from tests.language.helpers import checked, errors

ROOT = pathlib.Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "errors.md").read_text()
EXAMPLE = re.compile(
    r"^### ([EW]\d+):.*?```python\n(.*?)```\n\nMended:\n\n```python\n(.*?)```", re.M | re.S
)
EXAMPLES = EXAMPLE.findall(TEXT)
SHOWN_IN_WORDS = {"E101", "E102", "E103", "E607"}


@pytest.mark.parametrize("code, wrong, _", EXAMPLES, ids=[code for code, _, _ in EXAMPLES])
def test_the_example_gives_its_code_and_no_other(code, wrong, _):
    if code.startswith("W"):
        found = checked(wrong).warnings
    else:
        found = errors(wrong)
    assert [message.code for message in found] == [code]
    assert all(message.help for message in found)


@pytest.mark.parametrize("code, _, mended", EXAMPLES, ids=[code for code, _, _ in EXAMPLES])
def test_the_mend_compiles(code, _, mended):
    model = checked(mended)
    assert code not in [warning.code for warning in model.warnings]


def test_every_code_is_documented():
    used = set()
    for path in (ROOT / "terpret").rglob("*.py"):
        used.update(re.findall(r'"([EW]\d{3})"', path.read_text()))
    documented = {code for code, _, _ in EXAMPLES} | SHOWN_IN_WORDS
    assert used == documented
    assert all(code in TEXT for code in SHOWN_IN_WORDS)
