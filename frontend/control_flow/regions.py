"""Regions: nested blocks of the current trace that can be left, undone and entered again.

    region = Region(state.trace, frame)
    with region:
        ...                     # evaluated as usual: operations go to region.block, writes are journalled
    region.written              # {(id(object), key): (object, key, value)}: what the region left behind
    with region: ...            # goes on where it was left
    region.merge()              # makes what it did part of the scope around it

Leaving a region undoes its writes to objects that are older than it and its changes of the frame's slots, so
that a conditional runs both arms from the same state, and a loop's body can be tried and tried again. Objects
that the region made itself are not journalled: nothing outside can see them until it is merged or joined.
"""

from ...compiler.ir import Block
from ..staging import get_location, set_location
from ..state import serials


class Region:
    """One nested block of a trace, with the undo journal of what runs in it.

    `journal` and `written` are {(id(object), key): (object, key, old or last value)}; `frame` is the frame
    whose slots are restored (None: no frame), `slots` its slots as the region left them."""

    def __init__(self, trace, frame=None, arguments=()):
        self.trace, self.frame = trace, frame
        self.block = Block(list(arguments))
        self.serial = next(serials)
        self.journal, self.written = {}, {}
        self.before = self.slots = None if frame is None else list(frame)
        self.outer, self.depth = None, trace.scope.depth + 1
        self.assumption = None  # (condition, its truth) in an arm of a conditional

    def __enter__(self):
        trace = self.trace
        self.outer, trace.scope = trace.scope, self
        self.outer_block, trace.builder.block = trace.builder.block, self.block
        if self.frame is not None:
            self.before = list(self.frame)
            self.frame[:] = self.slots
        for owner, key, value in self.written.values():
            set_location(owner, key, value)
        return self

    def __exit__(self, *_):
        trace = self.trace
        trace.scope, trace.builder.block = self.outer, self.outer_block
        self.written = undo(self.journal)
        for owner, _, _ in self.written.values():
            trace.note_change(owner.serial)
        if self.frame is not None:
            self.slots = list(self.frame)
            self.frame[:] = self.before

    def replace(self, owner, key, value):
        """Sets a location of an older object for as long as the region is open."""
        self.trace.record(owner, key, get_location(owner, key))
        set_location(owner, key, value)

    def has_changed(self, array):
        """Whether the region left an array that is older than it with other contents."""
        return array.serial < self.serial and (id(array), "data") in self.written

    def merge(self):
        """Makes the operations and writes of the region those of the scope around it."""
        self.trace.builder.block.operations.extend(self.block.operations)
        self.trace.merged[self.block] = self.trace.builder.block
        for owner, key, value in self.written.values():
            write_location(self.trace, owner, key, value)
        if self.frame is not None:
            self.frame[:] = self.slots


def write_location(trace, owner, key, value):
    """Sets a mutable location with a note in the journal of the current scope."""
    trace.record(owner, key, get_location(owner, key))
    set_location(owner, key, value)


def undo(journal):
    """Undoes the writes of a journal and returns them: {(id, key): (object, key, last value)}."""
    written = {}
    for identity, (owner, key, old) in journal.items():
        written[identity] = (owner, key, get_location(owner, key))
        set_location(owner, key, old)
    return written
