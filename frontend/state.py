"""What is current while a program is evaluated: the trace, the line, the depth of calls; birth serials."""

import itertools

serials = itertools.count(1)
"""Birth serials: what is older than a trace has a smaller serial than the trace."""


class LaneEffect(Exception):
    """Inside a broadcast over lanes something ran that must run once for each element; the broadcast starts
    over."""


class State:
    """What is current in an evaluation."""

    trace = None  # the `staging.Trace` that records, None outside of one
    location = None  # the user's line that is being evaluated
    lanes = 0  # how many broadcasts over lanes we are inside: effects and arrays abort them
    depth = 0  # nested calls
    including = 0  # nested files
    steps_left = max_steps = float("inf")  # see `steps`
    differentiating = 0  # nested differentiations
    checkpointed = False  # whether loops are to be differentiated in segments
    decisions = None  # of the statement that is being evaluated; see `exits`


state = State()
