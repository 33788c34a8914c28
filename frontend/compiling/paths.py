"""Where things are in a program: the Julia path from a global to an object, such as `model.layers[2]`."""

from ...compiler.errors import Note
from ..trees import children
from ..type_names import type_name
from ..values import Dictionary, Module, Struct, typeof


def object_path(module, target):
    """The first path from a global of the module to an object, or None."""
    seen = set()

    def search(value, path):
        if value is target:
            return path
        if value.__class__ is Struct:
            if id(value) in seen:
                return None
            seen.add(id(value))
            items = [(f".{name}", child) for name, child in zip(value.type.family.field_names, value.fields)]
        elif value.__class__ is Dictionary:
            items = [("[…]", child) for _, child in value.items.values()]
        else:
            items = [
                (f"[{key}]" if isinstance(key, int) else f".{key}", child)
                for key, child in children(value) or ()
            ]
        for step, child in items:
            found = search(child, path + step)
            if found is not None:
                return found
        return None

    for name, value in list(module.bindings.items()):
        if value.__class__ is not Module:
            found = search(value, name)
            if found is not None:
                return found
    return None


def name_layer(error, module):
    """The error, with a note that says in which layer of the program it arose."""
    if error.layer is not None:
        from ..evaluation.method_errors import with_article

        layer, error.layer = error.layer, None
        path = object_path(module, layer)
        name = type_name(typeof(layer)).split("{")[0]
        error.notes.insert(
            0,
            Note(f"  in the layer {path}, {with_article(name)}" if path else f"  in a layer of type {name}"),
        )
    return error
