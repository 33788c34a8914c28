"""Locations that a region may change: slots of a frame, and places of mutable objects."""

import numpy as np

from ...compiler.ir import Value
from .. import types as t
from ..poison import HostValueNeeded, PoisonedContents, Undefined
from ..staging import get_location
from ..state import state
from ..values import Array, Dictionary, SetValue
from .regions import write_location


class Slot:
    """A slot of the frame as a location."""

    def __init__(self, frame, index):
        self.frame, self.index = frame, index

    def get(self):
        return self.frame[self.index]

    def set(self, value):
        self.frame[self.index] = value

    def enter(self, region, value):
        """Sets the location for as long as the region is open."""
        self.frame[self.index] = value

    def in_region(self, region):
        return region.slots[self.index]


class Place:
    """A mutable location of an object. The contents of an array are seen as an array of their own."""

    def __init__(self, owner, key):
        self.owner, self.key = owner, key
        self.is_contents = owner.__class__ is Array

    def seen(self, content):
        if not self.is_contents or content.__class__ is PoisonedContents:
            return Undefined(content.reason) if content.__class__ is PoisonedContents else content
        return Array(content, None if content.__class__ is Value else contents_type(self.owner, content))

    def get(self):
        return self.seen(get_location(self.owner, self.key))

    def set(self, value):
        write_location(state.trace, self.owner, self.key, self.content(value))
        grown = self.is_contents and value.__class__ is Array and value._data.__class__ is not np.ndarray
        if grown and self.owner.element not in t.ELEMENT_TYPES:
            self.owner.type = value.type  # a vector of staged elements

    def enter(self, region, value):
        region.replace(self.owner, self.key, self.content(value))

    def content(self, value):
        if not self.is_contents:
            if value.__class__ is Undefined and self.owner.__class__ in (Dictionary, SetValue):
                raise HostValueNeeded("which keys a dictionary or set has cannot depend on a staged "
                                      "condition", state.location, kind="UnsupportedError")
            return value
        return PoisonedContents(value.reason) if value.__class__ is Undefined else value._data

    def in_region(self, region):
        entry = region.written.get((id(self.owner), self.key))
        return self.get() if entry is None else self.seen(entry[2])


def contents_type(array, content):
    """The type of an array of these contents; only arrays of objects need it told."""
    return t.array_type(array.element, content.ndim) if content.dtype == object else None


def changed_locations(regions, frame, live):
    """The locations that one of the regions changes: slots that are seen afterwards, places of objects."""
    slots = [k for k in live if any(region.slots[k] is not frame[k] for region in regions)] if frame else []
    places = {}
    for region in regions:
        for identity, (owner, key, _) in region.written.items():
            places.setdefault(identity, (owner, key))
    return [Slot(frame, k) for k in slots], [Place(*place) for place in places.values()]
