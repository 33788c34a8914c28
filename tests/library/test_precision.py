"""Models in other precisions: artifacts that compute in that type, close to the model in Float64."""

import ml_dtypes
import numpy as np
import onnx
import pytest
from numpy.testing import assert_allclose

TYPES = {"f16": ("Float16", np.float16, 2e-2), "bf16": ("BFloat16", ml_dtypes.bfloat16, 1e-1),
         "f32": ("Float32", np.float32, 1e-5)}
MODELS = {
    "dense": ("Chain(Dense(4 => 8, relu), LayerNorm(8), Dropout(0.5), Dense(8 => 2))", (3, 4)),
    "convolution": ("Chain(Conv((3, 3), 1 => 2, relu), MaxPool((2, 2)), Flux.flatten, BatchNorm(8), "
                    "Dense(8 => 2))", (3, 1, 6, 6)),
    "sequence": ("Chain(LSTM(3 => 4), MultiHeadAttention(4; nheads = 2), first, GRU(4 => 2))", (2, 5, 3)),
}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("precision", TYPES)
def test_artifacts_in_a_precision(program, precision, model):
    name, dtype, tolerance = TYPES[precision]
    source, shape = MODELS[model]
    sizes = ", ".join(map(str, shape[:0:-1]))
    module = program(f"""
    base = {source}
    model, exact = testmode!({precision}(base)), f64(base)
    @export infer(x::{name}[{sizes}, N]) = model(x)
    @export learn(x::{name}[{sizes}, N]) = gradient(m -> sum(m(x)), model)[1]
    truth(x) = exact(x)
    """)
    x = np.random.default_rng(0).normal(size=shape).astype(dtype)
    made = module.compile("infer")
    y = made.program()(x)
    assert y.dtype == dtype
    assert_allclose(y.astype(float), module.truth(x.astype(float)), rtol=tolerance, atol=tolerance)
    element = onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    weights = [w for w in onnx.load_from_string(made.to_bytes()).graph.initializer if len(w.dims) > 1]
    assert weights
    assert {w.data_type for w in weights} <= {element, onnx.TensorProto.INT64}
    gradients = module.compile("learn").program()(x)
    assert all(array.dtype == dtype for array in arrays(gradients) if array.ndim)


def arrays(value):
    if isinstance(value, tuple):
        return [leaf for item in value for leaf in arrays(item)]
    return [] if value is None else [np.asarray(value)]
