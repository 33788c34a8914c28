"""Statistics: `mean var std median quantile cov cor`."""

import math

import numpy as np

from ...compiler.ir import Value
from .. import staging
from .. import types as t
from ..batching import generators
from ..calling import call
from ..dims import dim_number
from ..evaluation.broadcasting import broadcast
from ..type_names import type_name
from ..values import Array, Range, colon, typeof
from .arithmetic import divide, multiply, subtract
from .arrays import as_array, as_dim_product, is_numeric
from .conversion import convert
from .elements import HOST_TYPES, float_type, is_complex_type
from .errors import argument_error, dimension_mismatch, domain_error, fault
from .iteration import collect_values, iterate
from .mathematics import square_root
from .reductions import total
from .registry import define, function, module
from .shapes import axes_of

STATISTICS = module("Statistics")


def _define(names, *signature, **options):
    return define(names, *signature, module=STATISTICS, **options)


def element_count(array, dims):
    """How many elements a reduction over dims combines: a Julia number."""
    shape = array.data.shape
    axes = range(len(shape)) if dims is colon else axes_of(array, dims)
    return dim_number(as_dim_product([shape[axis] for axis in axes]))


@_define("mean", t.AbstractArray, keywords=("dims",))
def mean(x, dims=colon):
    """The sum over the number of elements; a float."""
    array = as_array(x)
    count = element_count(array, dims)
    if not is_numeric(array):
        return call(function("/"), (total(array, dims=dims), count))
    if dims is colon:
        return divide(total(array), count)
    return broadcast(function("/"), [total(array, dims=dims), count])


@_define("mean", t.Any, t.AbstractArray, keywords=("dims",))
def mean_of(f, x, dims=colon):
    return mean(broadcast(f, [as_array(x)]), dims=dims)


@_define("mean", t.Any)
def mean_of_iterable(items):
    staged = generators.wanted_source(items)
    if staged is not None:
        return call(function("/"), (call(function("sum"), (items,)), call(function("count"), (
            generators.presence(items),))))
    values = tuple(iterate(items))
    if not values:
        raise argument_error("mean of an empty collection is undefined")
    return call(function("/"), (call(function("sum"), (values,)), len(values)))


@_define("mean", t.Any, t.Any)
def mean_of_function_of_iterable(f, items):
    values = generators.collected_of(f, items)
    if values is not None:
        return mean(values)
    return mean_of_iterable(tuple(call(f, (item,)) for item in iterate(items)))


@_define("mean", t.Number)
def mean_of_number(x):
    return x


@_define("mean!", t.AbstractArray, t.AbstractArray)
def mean_into(destination, x):
    from ..evaluation.broadcasting import assign_broadcast

    sizes = zip(destination.size, as_array(x).size, strict=False)
    dims = tuple(d for d, (a, b) in enumerate(sizes, 1) if a == 1 and b != 1)
    assign_broadcast(destination, mean(x, dims=dims))
    return destination


# --- spread -------------------------------------------------------------------------------------------------

SPREAD_KEYWORDS = ("dims", "corrected", "mean")


@_define("var", t.AbstractArray, keywords=SPREAD_KEYWORDS)
def variance(x, dims=colon, corrected=True, mean=None):
    """Σ |x - mean|² over n - 1, or over n when not `corrected`."""
    array = as_array(x)
    center = _mean(array, dims=dims) if mean is None else mean
    deviation = broadcast(function("-"), [array, center])
    squares = total(broadcast(function("abs2"), [deviation]), dims=dims)
    count = subtract(element_count(array, dims), 1 if corrected else 0)
    return divide(squares, count) if dims is colon else broadcast(function("/"), [squares, count])


_mean = mean


@_define("std", t.AbstractArray, keywords=SPREAD_KEYWORDS)
def standard_deviation(x, dims=colon, corrected=True, mean=None):
    spread = variance(x, dims=dims, corrected=corrected, mean=mean)
    return square_root(spread) if dims is colon else broadcast(function("sqrt"), [spread])


@_define("var", t.Any, keywords=("corrected", "mean"))
def variance_of_iterable(items, corrected=True, mean=None):
    return variance(as_array(items), corrected=corrected, mean=mean)


@_define("std", t.Any, keywords=("corrected", "mean"))
def deviation_of_iterable(items, corrected=True, mean=None):
    return standard_deviation(as_array(items), corrected=corrected, mean=mean)


@_define("varm", t.AbstractArray, t.Any, keywords=("dims", "corrected"))
def variance_about(x, mean, dims=colon, corrected=True):
    return variance(x, dims=dims, corrected=corrected, mean=mean)


@_define("stdm", t.AbstractArray, t.Any, keywords=("dims", "corrected"))
def deviation_about(x, mean, dims=colon, corrected=True):
    return standard_deviation(x, dims=dims, corrected=corrected, mean=mean)


# --- order statistics ---------------------------------------------------------------------------------------


def _sorted_data(array, what):
    data = staging.read_host(array, what).reshape(-1)
    if data.size == 0:
        raise argument_error(f"{what} of an empty array is undefined, {type_name(array.type)}[]")
    return np.sort(data)


def _real_numbers(items, what):
    """The items as an array of real numbers. Raises MethodError for others."""
    array = as_array(items)
    if not is_numeric(array):
        array = collect_values(iterate(array))
    if not is_numeric(array) and array.size != (0,) or is_complex_type(array.element):
        raise fault("MethodError", f"no method matching {what}(::{type_name(typeof(items))})")
    return array


def _middle_of(data, element):
    kind = float_type(element)
    if data.dtype.kind == "f" and np.isnan(data[-1]):
        return HOST_TYPES[kind](math.nan)
    half = len(data) // 2
    if len(data) % 2:
        return HOST_TYPES[kind](data[half])
    return HOST_TYPES[kind](data[half - 1] / 2 + data[half] / 2)


def _staged_median(array):
    from .indexing import element_at
    from .shapes import vec
    from .sorting import sorted_array

    ordered = sorted_array(vec(array))
    count = dim_number(ordered.data.shape[0])
    half = count // 2
    upper = call(function("+"), (half, 1))
    lower = call(function("-"), (call(function("+"), (count, 1)), upper))
    return middle(element_at(ordered, (lower,)), element_at(ordered, (upper,)))


@_define("median", t.AbstractArray, keywords=("dims",))
def median(x, dims=colon):
    """The middle of the sorted elements; of an even number the mean of both."""
    array = _real_numbers(x, "median")
    if dims is colon and isinstance(staging.read(array), Value):
        return _staged_median(array)
    if dims is colon:
        return _middle_of(_sorted_data(array, "median"), array.element)
    from .slices import map_slices

    return map_slices(function("median", STATISTICS), array, dims)


@_define("median", t.Any)
def median_of_iterable(items):
    return median(as_array(items))


@_define("middle", t.Real, t.Real)
def middle(a, b):
    return divide(call(function("+"), (a, b)), 2)


@_define("middle", t.AbstractArray)
def middle_of_array(x):
    return middle(*call(function("extrema"), (x,)))


@_define("quantile", t.Any, t.Any, keywords=("sorted", "alpha", "beta"))
def quantile(items, places, sorted=False, alpha=1.0, beta=1.0):
    """The value below which a share of the elements lies, by linear interpolation."""
    numbers = _real_numbers(items, "quantile")
    if isinstance(staging.read(numbers), Value):
        return _staged_quantiles(call(function("sort"), (numbers,)), places, alpha, beta)
    data = _sorted_data(numbers, "quantile").astype(np.float64)
    if places.__class__ is Array or places.__class__ is Range:
        return Array(np.array([_quantile(data, p, alpha, beta) for p in iterate(places)]))
    if places.__class__ is tuple:
        return tuple(_quantile(data, p, alpha, beta) for p in places)
    return _quantile(data, places, alpha, beta)


def _staged_quantiles(data, places, alpha, beta):
    if places.__class__ is tuple:
        return tuple(_staged_quantile(data, p, alpha, beta) for p in places)
    if places.__class__ in (Array, Range):
        return collect_values([_staged_quantile(data, p, alpha, beta) for p in iterate(places)])
    return _staged_quantile(data, places, alpha, beta)


def _staged_quantile(data, p, alpha, beta):
    """As `_quantile`, of a sorted vector that only the graph knows; it is taken not to be empty."""
    def of(name, *arguments):
        return call(function(name), arguments)

    count = of("length", data)
    place = of("+", of("*", count, p), of("+", alpha, of("*", p, 1 - alpha - beta)))
    below = of("clamp", of("floor", t.Int64, place), 1, of("max", of("-", count, 1), 1))
    share = of("clamp", of("-", place, below), 0.0, 1.0)
    low = of("getindex", data, below)
    high = of("getindex", data, of("min", of("+", below, 1), count))
    return of("+", low, of("*", share, of("-", high, low)))


def _quantile(data, *options):
    p, alpha, beta = [staging.host_number(convert(t.Float64, x), "quantile") for x in options]
    if not 0 <= p <= 1:
        raise domain_error(p, "quantile is defined for 0 ≤ p ≤ 1")
    if not (math.isfinite(alpha) and math.isfinite(beta)):
        raise argument_error(f"alpha and beta must be finite, got {alpha} and {beta}")
    count = len(data)
    place = count * p + alpha + p * (1 - alpha - beta)
    below = min(max(math.floor(place), 1), count - 1) if count > 1 else 1
    share = min(max(place - below, 0.0), 1.0)
    low, high = float(data[below - 1]), float(data[min(below, count - 1)])
    return low + share * (high - low)


# --- joint spread -------------------------------------------------------------------------------------------


def _joint(x, y):
    x, y = as_array(x), as_array(y)
    if tuple(x.size) != tuple(y.size):
        raise dimension_mismatch(f"x and y have different sizes: {x.size} and {y.size}")
    return [broadcast(function("-"), [one, mean(one)]) for one in (x, y)]


def _sum_of_products(a, b):
    return total(broadcast(function("*"), [a, b]))


@_define("cov", t.AbstractVector, t.AbstractVector, keywords=("corrected",))
def covariance(x, y, corrected=True):
    a, b = _joint(x, y)
    return divide(_sum_of_products(a, b), subtract(element_count(a, colon), 1 if corrected else 0))


@_define("cor", t.AbstractVector, t.AbstractVector)
def correlation(x, y):
    a, b = _joint(x, y)
    return divide(_sum_of_products(a, b),
                  square_root(multiply(_sum_of_products(a, a), _sum_of_products(b, b))))


@_define("cov", t.AbstractMatrix, keywords=("dims", "corrected"))
def covariance_matrix(x, dims=1, corrected=True):
    """The covariances of the columns (or of the rows, for dims = 2)."""
    from .linear_algebra import multiply_matrices
    from .shapes import permute_matrix

    array = as_array(x)
    centered = broadcast(function("-"), [array, mean(array, dims=dims)])
    turned = permute_matrix(centered)
    product = multiply_matrices(turned, centered) if dims == 1 else multiply_matrices(centered, turned)
    count = subtract(element_count(array, dims), 1 if corrected else 0)
    return broadcast(function("/"), [product, count])


@_define("cor", t.AbstractMatrix, keywords=("dims",))
def correlation_matrix(x, dims=1):
    from .shapes import reshape_array
    from .square_matrices import diagonal

    covariances = covariance_matrix(x, dims=dims)

    deviations = broadcast(function("sqrt"), [diagonal(covariances)])
    row = reshape_array(deviations, (1, *deviations.size))
    return broadcast(function("/"), [broadcast(function("/"), [covariances, deviations]), row])
