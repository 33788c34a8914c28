"""docs/library.md is what the sources say, and every documented name of the library is tested."""

import pathlib

import weber
from weber.frontend.library.catalogue import PACKAGES, TestedNames, catalogue, package

TESTS = pathlib.Path(__file__).parents[1]
DOCUMENT = pathlib.Path(weber.__file__).parent / "docs" / "library.md"


def test_the_document_is_current():
    """Write it anew with `python -m weber.frontend.library.catalogue > docs/library.md`."""
    assert DOCUMENT.read_text(encoding="utf-8") == catalogue(TESTS)


def test_every_name_is_tested():
    tests = TestedNames(TESTS)
    names = [entry.names[0] for name in PACKAGES for theme in package(name)[1] for entry in theme.entries]
    assert len(names) > 280
    assert [name for name in names if not tests.places(name)] == []
