"""`replace` of elements in collections: by pairs `old => new`, or by a function."""

from .. import types as t
from ..calling import call
from ..staging import host_number
from .arrays import as_array
from .errors import argument_error
from .iteration import collect_values, iterate
from .pairs import PairFamily
from .registry import define, function


def _replaced(items, change, count):
    """The items with at most `count` of them changed; `change(item)` gives the new one, or the item."""
    left = len(items) if count is None else int(host_number(count, "a count"))
    if left < 0:
        raise argument_error(f"`count` must not be negative (got {left})")
    result = []
    for item in items:
        new = change(item) if left else item
        left -= new is not item
        result.append(new)
    return result


def _by_pairs(pairs):
    def change(item):
        for pair in pairs:
            if call(function("isequal"), (item, pair.fields[0])) is True:
                return pair.fields[1]
        return item

    return change


def _new(x, change, count):
    array = as_array(x)
    return collect_values(_replaced(list(iterate(array)), change, count), array.size)


def _in_place(array, change, count):
    from .assignment import overwrite

    overwrite(array, _new(array, change, count))
    return array


@define("replace", t.AbstractArray, PairFamily.wrapper, ..., keywords=("count",))
def replace_elements(x, *pairs, count=None):
    """A copy in which each `old` of the pairs is its `new`."""
    return _new(x, _by_pairs(pairs), count)


@define("replace", t.Function, t.AbstractArray, keywords=("count",))
def replace_by_function(function_, x, count=None):
    """A copy in which each element is `f(element)`."""
    return _new(x, lambda item: call(function_, (item,)), count)


@define("replace!", t.AbstractArray, PairFamily.wrapper, ..., keywords=("count",))
def replace_elements_in_place(x, *pairs, count=None):
    """replace!(x, old => new...): each element that equals an old one is replaced, at most `count`."""
    return _in_place(x, _by_pairs(pairs), count)


@define("replace!", t.Function, t.AbstractArray, keywords=("count",))
def replace_by_function_in_place(function_, x, count=None):
    return _in_place(x, lambda item: call(function_, (item,)), count)


@define("replace", t.Tuple, PairFamily.wrapper, ..., keywords=("count",))
def replace_in_tuple(items, *pairs, count=None):
    return tuple(_replaced(list(items), _by_pairs(pairs), count))
