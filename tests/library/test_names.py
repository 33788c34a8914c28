"""Every public name of Flux that the library offers is there, and documented."""

import pytest
import weber
from library_table import names

NAMES = [
    *names.LAYERS, *names.ACTIVATIONS, *names.SOFTMAX_FAMILY, *names.LOSSES, *names.OPTIMISERS,
    *names.TRAINING, *names.DATA, *names.SURGERY, *names.DERIVATIVES,
]


@pytest.fixture(scope="module")
def flux():
    session = weber.Session()
    session.evaluate("using Flux")
    return session


@pytest.mark.parametrize("name", NAMES)
def test_exists_and_is_documented(flux, name):
    value = flux.evaluate(f"Flux.{name}")
    family = getattr(getattr(value, "body", value), "family", None)
    documented = value if hasattr(value, "documentation") else family
    while documented is None:
        value = value.body
        documented = getattr(value, "family", None)
    assert documented.documentation
