"""Random programs of the IR, and ways to run them."""

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import strategies as st
from weber.compiler import ir
from weber.compiler.errors import Location
from weber.compiler.interpreter import Context, run_block
from weber.compiler.types import BOOL, F32, F64, I64, TensorType, symbol

sys.path.insert(0, str(Path(__file__).parent))  # for `differentiated`

N = symbol("N")
ROWS, COLUMNS = 4, 3
UNARY = ["neg", "abs", "tanh", "sigmoid", "floor", "identity", "stop_gradient", "sign"]
BINARY = ["add", "sub", "mul", "max", "min", "div"]
COMPARISONS = ["eq", "ne", "lt", "le", "gt", "ge"]
NUMBERS = [0.0, -0.0, 1.0, -1.0, 2.0, 0.5, 3.0, -4.0]


class Programs:
    """Draws functions step by step: each step applies an op to values there are already."""

    def __init__(self, draw, element, exact, open_loops):
        self.draw, self.element, self.exact, self.open_loops = draw, element, exact, open_loops
        self.binary = [name for name in BINARY if not (exact and name in ("max", "min"))]
        self.block = ir.Block()
        self.builder = ir.Builder(self.block)
        self.names = []
        self.is_inside = False  # in a region: loops over the rows in loops over the rows take too long
        for name, type in {
            "x": TensorType(element, (N, ROWS)), "y": TensorType(element, (N, ROWS)),
            "v": TensorType(element, (ROWS,)),
            "w": TensorType(element, (COLUMNS, ROWS)), "s": TensorType(element),
            "k": TensorType(I64, (N, ROWS)),
            "c": TensorType(BOOL, (N, ROWS)), "z": TensorType(element, (N, COLUMNS)),
        }.items():
            self.block.arguments.append(ir.Value(type, name=name))
            self.names.append(name)
        self.values = list(self.block.arguments)

    def pick(self, condition=lambda value: True):
        found = [value for value in self.values if condition(value)]
        # mostly the latest values, so that chains form
        return found[-1 - min(self.draw(st.sampled_from([0, 0, 0, 0, 1, 2, 4, 8])),
                              len(found) - 1)] if found else None

    def float(self, least=0, most=3):
        return self.pick(lambda value: value.element is self.element and least <= value.rank <= most)

    def like(self, value):
        return self.pick(lambda other: other.type == value.type)

    def add(self, value):
        self.values.append(value)

    def step(self):
        inexact = ("step_contract", "step_reduce", "step_affine", "step_power", "step_counting_loop",
                   "step_short_loop", "step_while")
        # onnxruntime drops a pair of casts even where the body of a loop uses its result
        only_exact = ("step_convert_and_back",)
        steps = [name for name in dir(self) if name.startswith("step_")
                 and name not in (inexact if self.exact else only_exact)
                 and not (self.is_inside and name in ("step_loop", "step_counting_loop", "step_map"))
                 and (self.open_loops or name not in ("step_while_loop", "step_loop_of_some_trips"))]
        self.builder.location = Location("random.jl", len(self.values), 1, len(self.values), 5)
        getattr(self, self.draw(st.sampled_from(steps)))(self.builder)

    # --- elementwise ----------------------------------------------------------------------------------------

    def step_unary(self, b):
        self.add(b.emit(self.draw(st.sampled_from(UNARY)), (self.float(),)))

    def step_binary(self, b):
        x = self.float()
        self.add(b.emit(self.draw(st.sampled_from(self.binary)), (x, self.like(x))))

    def step_with_number(self, b):
        x = self.float()
        operands = [x, b.full(self.draw(st.sampled_from(NUMBERS)), x)]
        self.add(b.emit(self.draw(st.sampled_from(self.binary)), self.draw(st.permutations(operands))))

    def step_scaled_by_scalar(self, b):
        x, s = self.float(least=1), self.float(most=0)
        self.add(b.emit(self.draw(st.sampled_from(["mul", "div", "add"])),
                        (x, b.broadcast(s, shape=x.shape, axes=()))))

    def step_power(self, b):
        x = self.float()
        self.add(b.pow(x, b.full(self.draw(st.sampled_from([0.0, 1.0, 2.0, -1.0])), x)))

    def step_integer(self, b):
        x = self.pick(lambda value: value.element is I64)
        other = self.like(x) if self.draw(st.booleans()) else b.full(self.draw(st.integers(-2, 3)), x)
        self.add(b.emit(self.draw(st.sampled_from(["add", "sub", "mul", "max"])), (x, other)))

    def step_compare(self, b):
        x = self.float()
        other = self.like(x) if self.draw(st.booleans()) else b.full(self.draw(st.sampled_from(NUMBERS)), x)
        self.add(b.emit(self.draw(st.sampled_from(COMPARISONS)), self.draw(st.permutations([x, other]))))

    def step_logic(self, b):
        x = self.pick(lambda value: value.element is BOOL)
        if self.draw(st.booleans()):
            self.add(b.emit("not", (x,)))
            return
        other = self.like(x) if self.draw(st.booleans()) else b.full(self.draw(st.booleans()), x)
        self.add(b.emit(self.draw(st.sampled_from(["and", "or", "xor", "eq", "ne"])), (x, other)))

    def step_select(self, b):
        condition = self.pick(lambda value: value.element is BOOL)
        x = self.pick(lambda value: value.element is self.element and value.shape == condition.shape)
        if x is not None:
            other = self.like(x) if self.draw(st.booleans()) else b.full(self.draw(st.sampled_from([0, 1])),
                                                                         x)
            self.add(b.select(condition, *self.draw(st.permutations([x, other]))))

    def step_convert(self, b):
        x = self.pick(lambda value: not value.element.is_float)
        self.add(b.convert(x, element=self.element))

    def step_convert_and_back(self, b):
        x = self.float()
        self.add(b.convert(b.convert(x, element=F64), element=self.element))

    # --- movement -------------------------------------------------------------------------------------------

    def step_broadcast(self, b):
        x = self.float(most=1)
        if x.rank == 0:
            self.add(b.broadcast(x, shape=self.draw(st.sampled_from([(N, ROWS), (ROWS,), (N, COLUMNS)])),
                                 axes=()))
        else:
            first = self.draw(st.booleans())
            other = self.draw(st.sampled_from([N, 2]))
            self.add(b.broadcast(x, shape=(x.shape[0], other) if first else (other, x.shape[0]),
                                 axes=(int(not first),)))

    def step_transpose(self, b):
        x = self.float(least=2)
        self.add(b.transpose(x, permutation=tuple(self.draw(st.permutations(range(x.rank))))))

    def step_reshape(self, b):
        x = self.float(least=1)
        size = 1
        for dim in x.shape:
            size = size * dim
        shapes = [(size,), (1, *x.shape), (*x.shape, 1), x.shape]
        self.add(b.reshape(x, shape=self.draw(st.sampled_from(shapes))))
        if self.values[-1].rank > 3:
            self.values.pop()

    def step_slice(self, b):
        x = self.float(least=1)
        axes = [axis for axis, dim in enumerate(x.shape) if isinstance(dim, int) and dim > 1]
        if axes:
            axis = self.draw(st.sampled_from(axes))
            start = self.draw(st.integers(0, 1))
            starts = tuple(start if a == axis else 0 for a in range(x.rank))
            self.add(b.slice(x, starts=starts, stops=x.shape, steps=(1,) * x.rank))

    def step_pad(self, b):
        x = self.float(least=1, most=2)
        low, high = (tuple(self.draw(st.integers(0, 1)) for _ in x.shape) for _ in range(2))
        self.add(b.pad(x, low=low, high=high, value=0))

    def step_concatenate(self, b):
        x = self.float(least=1)
        parts = [x, self.like(x)][:self.draw(st.integers(1, 2))]
        self.add(b.concatenate(*parts, axis=self.draw(st.integers(0, x.rank - 1))))

    def step_reverse(self, b):
        x = self.float(least=1)
        self.add(b.reverse(x, axes=(self.draw(st.integers(0, x.rank - 1)),)))

    # --- sums -----------------------------------------------------------------------------------------------

    def step_reduce(self, b):
        x = self.float()
        axes = tuple(axis for axis in range(x.rank) if self.draw(st.booleans()))
        name = "reduce_sum" if any(not isinstance(x.shape[axis], int) for axis in axes) else self.draw(
            st.sampled_from(["reduce_sum", "reduce_max", "reduce_min"]))
        self.add(b.emit(name, (x,), {"axes": axes}))

    def step_contract(self, b):
        x = self.float(least=2, most=2)
        y = self.pick(lambda value: value.element is self.element and value.rank == 2
                      and value.shape[1] == x.shape[1])
        spec = self.draw(st.sampled_from(["ni,oi->no", "ni,oi->on"]))
        if y.shape[0] == x.shape[0] and self.draw(st.booleans()):
            spec = self.draw(st.sampled_from(["ni,ni->n", "ni,no->io", "ni,ni->ni"]))
        self.add(b.contract(x, y, spec=spec))

    def step_affine(self, b):
        x, w = self.block.arguments[0], self.block.arguments[3]
        product = b.contract(x, w, spec="ni,oi->no")
        bias = b.reduce_sum(w, axes=(1,))
        total = b.add(product, b.broadcast(bias, shape=product.shape, axes=(1,)))
        self.add(b.max(total, b.full(0, total)) if self.draw(st.booleans()) else total)

    def step_dim(self, b):
        self.add(b.convert(b.dim_value(dim=N * 2 + 1), element=self.element))

    # --- control --------------------------------------------------------------------------------------------

    def region(self, arguments, make):
        """A region in which some steps are taken and which yields what `make` picks."""
        kept, builder, inside = len(self.values), self.builder, self.is_inside
        block, self.is_inside = ir.Block(arguments), inside or bool(arguments)
        self.builder = ir.Builder(block)
        self.values += arguments
        for _ in range(self.draw(st.integers(0, 3))):
            self.step()
        block.results = make()
        del self.values[kept:]
        self.builder, self.is_inside = builder, inside
        return block

    def step_if(self, b):
        s = self.float(most=0)
        condition = b.gt(s, b.full(self.draw(st.sampled_from([-1.0, 0.0, 1.0])), s))
        if self.draw(st.integers(0, 4)) == 0:
            condition = b.constant(np.bool_(self.draw(st.booleans())))
        likes = [self.float(), self.float()]
        arms = [self.region([], lambda: [self.like(like) for like in likes]) for _ in range(2)]
        self.values += b.emit("if", [condition], {}, arms)

    def step_loop(self, b):
        start, scanned = self.float(), self.float(least=1)
        reverse = self.draw(st.booleans())
        arguments = [ir.Value(TensorType(I64)), ir.Value(start.type),
                     ir.Value(TensorType(self.element, scanned.shape[1:]))]
        body = self.region(arguments, lambda: [self.like(start), self.float(most=2)])
        self.values += b.loop(start, scanned, regions=[body], carried=1, trips=scanned.shape[0],
                              reverse=reverse)

    def step_counting_loop(self, b):
        start = self.float(most=2)
        trips = symbol(f"K{len(self.values)}")
        body = self.region([ir.Value(TensorType(I64)), ir.Value(start.type)], lambda: [self.like(start)] * 2)
        last, stack = b.loop(b.constant(np.int64(self.draw(st.integers(0, 3)))), start, regions=[body],
                             carried=1,
                             trips=trips, counted=True)
        self.values += [last, b.reduce_sum(stack, axes=(0,))]

    def step_short_loop(self, b):
        """A loop of a known number of iterations, which may be inside of others."""
        start = self.float(most=2)
        body = self.region([ir.Value(TensorType(I64)), ir.Value(start.type)], lambda: [self.like(start)] * 2)
        last, stack = b.loop(start, regions=[body], carried=1, trips=self.draw(st.integers(0, 2)),
                             reverse=self.draw(st.booleans()))
        self.values += [last, b.reduce_sum(stack, axes=(0,))]

    def step_while(self, b):
        """A loop that ends when a sum is large, at the latest after three iterations."""
        start = self.float(most=2)
        trips, going = symbol(f"W{len(self.values)}"), b.constant(np.True_)
        body = self.region([ir.Value(TensorType(I64)), ir.Value(start.type)],
                           lambda: [self.like(start), self.float(most=2)])
        inside = ir.Builder(body)
        total = inside.reduce_sum(inside.abs(body.results[0]), axes=tuple(range(start.rank)))
        body.results.insert(0, inside.lt(total, inside.full(20, total)))
        last, stack = b.loop(b.constant(np.int64(3)), going, start, regions=[body], carried=1, trips=trips,
                             counted=True, conditional=True)
        self.values += [last, b.reduce_sum(stack, axes=(0,))]

    def flag(self, b):
        s = self.float(most=0)
        return b.gt(s, b.full(self.draw(st.sampled_from([-1.0, 0.0, 1.0])), s))

    def step_loop_of_some_trips(self, b):
        """A trip count that depends on values, up to 2, and perhaps a counter."""
        start, trips = self.float(most=2), symbol(f"K{len(self.values)}")
        count = b.add(b.convert(self.flag(b), element=I64), b.convert(self.flag(b), element=I64))
        counts = self.draw(st.booleans())
        region = self.region([ir.Value(TensorType(I64)), ir.Value(start.type), ir.Value(TensorType(I64))],
                             lambda: [self.like(start), self.float(most=1)])
        region.results.insert(1, ir.Builder(region).add(region.arguments[2], b.constant(np.int64(3)))
                              if counts else region.arguments[0])
        last, counter, stack = b.loop(count, start, b.constant(np.int64(5)), regions=[region], carried=2,
                                      trips=trips, counted=True)
        self.values += [last, b.convert(counter, element=self.element), b.reduce_max(stack, axes=(0,))]

    def step_while_loop(self, b):
        """At most 3 trips, as long as something carried is large enough."""
        start, trips = self.float(most=2), symbol(f"K{len(self.values)}")
        flag, arguments = self.flag(b), [ir.Value(TensorType(I64)), ir.Value(start.type)]
        region = self.region(arguments, lambda: [self.like(start)] * 2)
        inner = ir.Builder(region)
        total = inner.reduce_sum(region.results[0], axes=tuple(range(start.rank)))
        early = inner.lt(region.arguments[0], inner.constant(np.int64(2)))
        going = inner.emit("and", (early, inner.gt(total, inner.full(-0.125, total))))
        region.results = [going, *region.results]
        last, stack = b.loop(flag, start, regions=[region], carried=1, trips=trips, conditional=True)
        self.values += [last, b.reduce_sum(stack, axes=(0,)),
                        b.convert(b.dim_value(dim=trips), element=self.element)]

    def step_map(self, b):
        x = self.float(least=1)
        argument = ir.Value(TensorType(self.element, x.shape[1:]))
        body = self.region([argument], lambda: [self.float(most=2)])
        self.add(b.map(x, regions=[body]))

    # --- the whole ------------------------------------------------------------------------------------------

    def function(self):
        for _ in range(self.draw(st.integers(2, 15))):
            self.step()
        used = {operand for operation in self.block.operations for operand in operation.operands}
        made = self.values[len(self.names):]
        self.block.results = [value for value in made if value not in used] or self.values[-1:]
        results = [f"f.{index}" for index in range(1, len(self.block.results) + 1)]
        return ir.Function("f", self.block, self.names, results, location=Location("random.jl", 1, 1))


@st.composite
def _programs(draw, element=F32, exact=False, open_loops=False):
    return Programs(draw, element, exact, open_loops).function()


@pytest.fixture(scope="session")
def programs():
    """Strategy of functions with the inputs of `inputs_of`; exact ones hold no sums, whose order may change,
    no powers, which numpy does not round exactly, and no extrema, which may be either of 0 and -0."""
    return _programs


SPECIAL = [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 1e-40, 0.5, -2.5, 3.0, 1e30]


@pytest.fixture(scope="session")
def inputs_of():
    """`inputs_of(function, rows, seed, special)`: arrays by name for N = rows, with odd numbers where
    `special`."""

    def inputs(function, rows, seed=0, special=False):
        rng, arrays = np.random.default_rng(seed), {}
        for value, name in zip(function.body.arguments, function.argument_names):
            shape = [dim if isinstance(dim, int) else rows for dim in value.shape]
            if value.element is BOOL:
                array = rng.integers(0, 2, shape)
            elif value.element is I64:
                array = rng.integers(-3, 4, shape)
            elif special:
                array = rng.choice(SPECIAL, shape)
            else:
                array = rng.integers(-8, 9, shape) / 4
            arrays[name] = np.asarray(array).astype(value.element.numpy)
        return arrays

    return inputs


@pytest.fixture(scope="session")
def stays_finite():
    """`stays_finite(function, inputs)`: whether no value on the way is infinite or NaN, for then fusion may
    change the result: the sum of x / 0 is not the sum of x, over 0."""

    def check(function, inputs):
        context = Context()
        run_block(function.body, [inputs[name] for name in function.argument_names], context)
        return all(np.isfinite(array).all() for array in context.values.values())

    return check


@pytest.fixture(scope="session")
def assert_same():
    """`assert_same(results, expected, **tolerance)`: equal to the bit (NaN is NaN) where no tolerance is
    given."""

    def check(results, expected, **tolerance):
        for array, other in zip(results, expected, strict=True):
            assert array.dtype == other.dtype and array.shape == other.shape
            if tolerance:
                np.testing.assert_allclose(array, other, **tolerance)
            else:
                np.testing.assert_array_equal(array, other)
                if array.dtype.kind == "f":
                    signs = ~np.isnan(array)
                    np.testing.assert_array_equal(np.signbit(array)[signs], np.signbit(other)[signs])

    return check


@pytest.fixture(scope="session")
def run_onnx():
    """`run_onnx(model, inputs, optimised)`: the outputs of a model on onnxruntime's CPU provider."""
    import onnxruntime

    def run(model, inputs, optimised=True):
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = 1
        level = onnxruntime.GraphOptimizationLevel
        options.graph_optimization_level = level.ORT_ENABLE_ALL if optimised else level.ORT_DISABLE_ALL
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])
        return session.run(None, {name: np.asarray(array) for name, array in inputs.items()})

    return run


@pytest.fixture(scope="session")
def check_model():
    """Checks a model as strictly as onnx can, and that every value has a type."""
    import onnx

    def check(model):
        onnx.checker.check_model(model, full_check=True)
        onnx.shape_inference.infer_shapes(model, strict_mode=True)
        assert {entry.domain for entry in model.opset_import} == {""} and not model.functions
        _check_types(model.graph)

    return check


def _check_types(graph):
    typed = {info.name for info in (*graph.value_info, *graph.output)}
    for node in graph.node:
        assert node.domain == ""
        assert set(node.output) <= typed, f"{node.name} has outputs without a type"
        for attribute in node.attribute:
            if attribute.HasField("g"):
                _check_types(attribute.g)
