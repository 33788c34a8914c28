"""The entry that an artifact's metadata has of Weber, and what it says."""

import json

from ..compiler.errors import WeberError

STATE_KEY = "weber.state"
"""The metadata entry that maps each input with a state that the model changes to the output with its next
value."""


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
