"""Trees as tables of nodes: one row for each node, children before their parents, the root last.

A column of links holds the row of each node's child, counted from 1, 0 where there is none.
"""

import numpy as np


class TableError(ValueError):
    """`str()` says what is wrong with a tree."""


def table_of(root, names, links, field) -> dict[str, list]:
    """The columns by name of a tree of nested nodes; `field(node, name)` reads a field, None is no child.

    Raises TableError for a node that is a child of itself."""
    columns, path, count = {name: [] for name in names}, {id(root)}, 0
    pending = [(root, [], list(links))]  # node, the rows of its children so far, the links still to follow
    while pending:
        node, rows, rest = pending[-1]
        if rest:
            child = field(node, rest[0])
            if child is None:
                rest.pop(0)
                rows.append(0)
            elif id(child) in path:
                raise TableError("a node is among its own descendants")
            else:
                path.add(id(child))
                pending.append((child, [], list(links)))
            continue
        pending.pop()
        path.discard(id(node))
        count += 1
        for name in names:
            columns[name].append(rows[links.index(name)] if name in links else field(node, name))
        if pending:
            _, rows, rest = pending[-1]
            rest.pop(0)
            rows.append(count)
    return columns


def check_table(links: dict[str, np.ndarray], lengths: np.ndarray | None = None):
    """Checks columns of links by name: those of one tree, or padded ones of trees with `lengths` nodes.

    Raises TableError where a child does not stand before its parent, or has two."""
    columns = {name: np.atleast_2d(array) for name, array in links.items()}
    first = next(iter(columns.values()))
    sizes = np.full(len(first), first.shape[1]) if lengths is None else np.asarray(lengths)
    if lengths is not None and sizes.size and sizes.min() < 1 or first.shape[1] == 0 and len(first):
        raise TableError("a tree has at least one node")
    rows, trees = first.shape[1], len(first)
    numbers = np.arange(1, rows + 1)
    there = numbers <= sizes[:, None]
    parents = np.zeros(trees * (rows + 1), np.int64)
    offsets = np.arange(trees)[:, None] * (rows + 1)
    for name, column in columns.items():
        wrong = there & ((column < 0) | (column >= numbers))
        if wrong.any():
            tree, row = np.argwhere(wrong)[0]
            raise TableError(f"{name} of node {row + 1}{_of_tree(tree, lengths)} is {column[tree, row]}: "
                             "children stand before their parents, 0 is none")
        parents += np.bincount((column + offsets)[there], minlength=len(parents))
    parents = parents.reshape(trees, rows + 1)[:, 1:]
    if (parents > 1).any():
        tree, row = np.argwhere(parents > 1)[0]
        raise TableError(f"node {row + 1}{_of_tree(tree, lengths)} has two parents")


def _of_tree(tree, lengths):
    return "" if lengths is None else f" of tree {tree}"
