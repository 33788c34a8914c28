"""The order of dictionaries and sets: that of the slots of Julia's hash table.

Keys are hashed as Julia 1.6 to 1.12 hash them – integers by mixing their bits, texts and symbols by
MurmurHash3 – and put into an open-addressed table that grows as Julia's does, in the order in which they were
inserted. Collections with other keys (arrays, structs, …) keep the order of insertion.
"""

import struct
from functools import lru_cache

import numpy as np

from ..values import Char, Dictionary, Symbol

MASK = (1 << 64) - 1
TEXT_SEED, SYMBOL_SEED = 0x71E729FD56419C81, 0xCAFE8881
SYMBOL_MASK, CHARACTER_SEED = 0xAAAAAAAAAAAAAAAA, 0xD4D64234
FIRST_SIZE = 16


def ordered(collection):
    """The entries of a dictionary, (key, value), or the elements of a set, in the order of iteration."""
    entries = list(collection.items.values())
    if len(entries) < 2 or collection.type.family.name == "IdDict":
        return entries
    keys = [entry[0] for entry in entries] if collection.__class__ is Dictionary else entries
    hashes = []
    for key in keys:
        code = hash_code(key)
        if code is None:
            return entries
        hashes.append(code)
    return [entries[index] for index in _slots(hashes)]


def _slots(hashes):
    """The positions of keys in the order of the slots that they come to lie in."""
    table = [None] * FIRST_SIZE
    for count, index in enumerate(range(len(hashes)), 1):
        _insert(table, index, hashes)
        if 3 * count > 2 * len(table):
            size = 1 << (max(4 * count, FIRST_SIZE) - 1).bit_length()
            old, table = table, [None] * size
            for moved in old:
                if moved is not None:
                    _insert(table, moved, hashes)
    return [index for index in table if index is not None]


def _insert(table, index, hashes):
    slot = hashes[index] & (len(table) - 1)
    while table[slot] is not None:
        slot = (slot + 1) & (len(table) - 1)
    table[slot] = index


def hash_code(key):
    """Julia's hash of a key; None for kinds of keys that are not hashed by their contents here."""
    if isinstance(key, bool | int | np.integer | np.bool_):
        return mixed(int(key))
    if isinstance(key, float | np.floating):
        number = float(key)
        if number.is_integer() and abs(number) < 2**63:
            return mixed(int(number))
        return mixed(int.from_bytes(struct.pack("<d", number), "little")) if number == number else None
    if key.__class__ is str:
        return text_hash(key)
    if key.__class__ is Symbol:
        return symbol_hash(key.name)
    if key.__class__ is Char:
        code = int.from_bytes(chr(key.code).encode("utf-8", "surrogatepass").ljust(4, b"\0"), "big")
        return mixed((code + CHARACTER_SEED) << 32)
    return None


def mixed(number):
    """The bits of a 64-bit integer mixed."""
    a = number & MASK
    a = (~a + (a << 21)) & MASK
    a ^= a >> 24
    a = (a + (a << 3) + (a << 8)) & MASK
    a ^= a >> 14
    a = (a + (a << 2) + (a << 4)) & MASK
    a ^= a >> 28
    return (a + (a << 31)) & MASK


@lru_cache(maxsize=1 << 14)
def text_hash(text):
    data = text.encode("utf-8", "surrogatepass")
    return (murmur(data, TEXT_SEED & 0xFFFFFFFF) + TEXT_SEED) & MASK


@lru_cache(maxsize=1 << 14)
def symbol_hash(name):
    return mixed(-(murmur(name.encode("utf-8", "surrogatepass"), SYMBOL_SEED) ^ SYMBOL_MASK))


def murmur(data, seed):
    """The second half of MurmurHash3's 128 bits for 64-bit machines."""
    first = second = seed
    c, d = 0x87C37B91114253D5, 0x4CF5AD432745937F
    whole = len(data) - len(data) % 16
    for position in range(0, whole, 16):
        first ^= _turned(_word(data, position) * c, 31) * d & MASK
        first = ((_turned(first, 27) + second) * 5 + 0x52DCE729) & MASK
        second ^= _turned(_word(data, position + 8) * d, 33) * c & MASK
        second = ((_turned(second, 31) + first) * 5 + 0x38495AB5) & MASK
    rest = data[whole:]
    if len(rest) > 8:
        second ^= _turned(int.from_bytes(rest[8:], "little") * d, 33) * c & MASK
    if rest:
        first ^= _turned(int.from_bytes(rest[:8], "little") * c, 31) * d & MASK
    first, second = first ^ len(data), second ^ len(data)
    first = (first + second) & MASK
    second = (second + first) & MASK
    first, second = _finished(first), _finished(second)
    first = (first + second) & MASK
    return (second + first) & MASK


def _word(data, position):
    return int.from_bytes(data[position:position + 8], "little")


def _turned(number, bits):
    number &= MASK
    return ((number << bits) | (number >> (64 - bits))) & MASK


def _finished(number):
    number ^= number >> 33
    number = number * 0xFF51AFD7ED558CCD & MASK
    number ^= number >> 33
    number = number * 0xC4CEB9FE1A85EC53 & MASK
    return number ^ number >> 33
