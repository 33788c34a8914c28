"""Running exported programs in plain onnxruntime, with padded inputs made here."""

import numpy as np
import onnxruntime

ELEMENTS = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(int64)": np.int64,
    "tensor(bool)": np.bool_
}
GARBAGE = -(2**62)


class Session:
    """A model in onnxruntime on one thread: named arrays in, named arrays out."""

    def __init__(self, model, optimised=True):
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = 1
        if not optimised:
            options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        self.session = onnxruntime.InferenceSession(model.SerializeToString(), options,
                                                    ["CPUExecutionProvider"])
        self.inputs = {value.name: value for value in self.session.get_inputs()}
        self.outputs = [value.name for value in self.session.get_outputs()]

    def __call__(self, **feeds):
        arrays = {name: np.asarray(value) for name, value in feeds.items()}
        return dict(zip(self.outputs, self.session.run(None, arrays), strict=True))


def flat(value):
    """The leaves of a result: tuples, named tuples and dicts opened, `None` left out."""
    if value is None:
        return []
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in flat(item)]
    if isinstance(value, tuple):
        return [leaf for item in value for leaf in flat(item)]
    return [value]


def padded(session, shared, columns, fill=0, rows=None):
    """The inputs of a program in order: the shared arguments, then the columns of examples, padded.

    Padding holds `fill`, or for integers, when that is NaN, a number that is no index. `rows`: take only so
    many examples."""
    leaves = [(value, False) for argument in shared for value in flat(argument)]
    for column in columns:
        for items in zip(*map(flat, column), strict=True):
            leaves.append((list(items), True))
    names = [name for name in session.inputs if not is_lengths(name, session.inputs)]
    names = names[:len(leaves)]
    feeds = {}
    for name, (value, many) in zip(names, leaves, strict=True):
        element = ELEMENTS[session.inputs[name].type]
        if many:
            items = [np.asarray(item, element) for item in value]
            value = stack(items, fill)[slice(rows)]
            lengths = f"{name}.lengths"
            if lengths in session.inputs:
                shape = session.inputs[name].shape
                axis = [axis for axis, dim in enumerate(shape[1:]) if isinstance(dim, str)][0]
                feeds[lengths] = np.array([item.shape[axis] for item in items], np.int64)[slice(rows)]
        feeds[name] = np.asarray(value, element)
    return feeds


def is_lengths(name, inputs):
    return name.endswith(".lengths") and name.removesuffix(".lengths") in inputs


def stack(items, fill):
    """The arrays along a new first axis, each padded to the largest."""
    if fill != fill and items[0].dtype.kind != "f":
        fill = GARBAGE if items[0].dtype.kind == "i" else True
    extent = np.max([item.shape for item in items], axis=0).astype(int)
    result = np.full((len(items), *extent), fill, items[0].dtype)
    for row, item in enumerate(items):
        result[row, *(slice(0, n) for n in item.shape)] = item
    return result
