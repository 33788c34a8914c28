"""The entry that an artifact's metadata has of Weber, and what it says."""

import json

from ..compiler.errors import WeberError
from .ragged import Ragged

STATE_KEY = "weber.state"
"""The metadata entry that maps each input with a state that the model changes to the output with its next
value."""

RAGGED_KEY = "weber.ragged"
"""The metadata entry that says which inputs and outputs are vectors, and which arrays are their lengths."""


def read_ragged(metadata: dict[str, str], names: set[str]) -> Ragged:
    """The vectors of a model with these inputs and outputs. Raises WeberError when the entry is damaged."""
    try:
        entry = json.loads(metadata.get(RAGGED_KEY, "{}"))
        lengths = {name: {int(axis): source for axis, source in axes.items()}
                   for name, axes in entry.get("lengths", {}).items()}
        vectors = {path: int(count) for path, count in entry.get("vectors", {}).items()}
        trees = {path: tuple(links) for path, links in entry.get("trees", {}).items()}
    except (ValueError, AttributeError, TypeError):
        raise WeberError(f"the metadata entry {RAGGED_KEY} does not describe vectors") from None
    ragged = Ragged(vectors, lengths, trees)
    links = {f"{path}.{link}" for path, links in trees.items() for link in links}
    if unknown := sorted((lengths.keys() | ragged.sources() | links) - names):
        raise WeberError(f"the metadata entry {RAGGED_KEY} names what the model does not have: "
                         f"{', '.join(unknown)}")
    return ragged


def read_state_map(metadata: dict[str, str], states, outputs: set[str]) -> dict[str, str | None]:
    """The map from states to next outputs, None for a state that the model only reads, empty for a model
    without the entry; `states` and `outputs` are the model's inputs with an initializer, in order, and its
    outputs. Raises WeberError when the entry is damaged."""
    states = list(states)
    try:
        state_map = json.loads(metadata.get(STATE_KEY, "{}"))
        unknown = (state_map.keys() - set(states)) | (set(state_map.values()) - outputs - {None})
    except (ValueError, AttributeError, TypeError):
        raise WeberError(f"the metadata entry {STATE_KEY} is not a JSON map from inputs to outputs") from None
    if unknown:
        names = ", ".join(sorted(map(str, unknown)))
        raise WeberError(f"the metadata entry {STATE_KEY} names what the model does not have: {names}")
    mutated = [output for output in state_map.values() if output is not None]
    if len(set(mutated)) < len(mutated):
        raise WeberError(f"the metadata entry {STATE_KEY} gives two states the same next output")
    return {name: state_map.get(name) for name in states} if STATE_KEY in metadata else {}
