"""The functions of Julia's Base and standard library, a file for each idea."""

from importlib import import_module
from importlib.util import find_spec

MODULES = """
    core refused arithmetic powers comparison logic mathematics rounding integers conversion ranges arrays
    sizes shapes cartesian_indices indexing assignment views slices concatenation vectors reductions
    linear_algebra square_matrices complex_numbers array_numbers statistics searching sorting mapping
    random_numbers nnlib_primitives pairs iteration iterators folds io printing exceptions characters
    string_indices strings regex string_search number_parsing string_macros replacing dictionaries sets
    tuples named_tuples index_pairs optional_values hashing reflection models onehot_arrays functional
    printf files delimited_files npz data_files
""".split()


def load():
    """Imports every file of builtins, in order: afterwards the functions have their methods."""
    for name in MODULES:
        if find_spec(f"{__package__}.{name}") is not None:
            import_module(f".{name}", __package__)
    from . import core

    core.bind_types()
