"""The entry that an artifact's metadata has of Weber, and what it says."""

import json

from ..compiler.errors import WeberError

STATE_KEY = "weber.state"
"""The metadata entry that maps each state's input to the output with its next value, or to null."""


def read_state_map(metadata: dict[str, str], states: set[str], outputs: set[str]) -> dict[str, str | None]:
    """The map from states to next outputs, empty where there is none; `states` and `outputs` are the model's
    inputs with an initializer and its outputs. Raises WeberError when the entry is damaged."""
    try:
        state_map = json.loads(metadata.get(STATE_KEY, "{}"))
        unknown = (state_map.keys() - states) | (set(state_map.values()) - outputs - {None})
    except (ValueError, AttributeError, TypeError):
        raise WeberError(f"the metadata entry {STATE_KEY} is not a JSON map from inputs to outputs") from None
    if unknown:
        names = ", ".join(sorted(map(str, unknown)))
        raise WeberError(f"the metadata entry {STATE_KEY} names what the model does not have: {names}")
    mutated = [output for output in state_map.values() if output is not None]
    if len(set(mutated)) < len(mutated):
        raise WeberError(f"the metadata entry {STATE_KEY} gives two states the same next output")
    return state_map
