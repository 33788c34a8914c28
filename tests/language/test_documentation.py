"""docs/language.md: its examples give what it says, its tables are those of the functions that there are."""

import pathlib
import re

import pytest
import weber
from weber.frontend.base.coverage import tables

DOCUMENT = pathlib.Path(weber.__file__).parent / "docs" / "language.md"


def test_tables():
    """Write them anew with `python -m weber.frontend.base.coverage`."""
    text = DOCUMENT.read_text(encoding="utf-8")
    assert text.partition("<!-- coverage -->\n")[2].strip() == tables().strip()


EXAMPLES = re.findall(r"```jlcon\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("text", EXAMPLES)
def test_example(text):
    session = weber.Session()
    for prompt in re.split(r"^julia> ", text, flags=re.MULTILINE)[1:]:
        source, _, expected = prompt.rstrip().partition("\n")
        assert session.show(session.evaluate(source)) == expected
