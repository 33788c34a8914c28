# Weights from files: arrays by name, as SafeTensors or NPZ read them, in the layouts of others.

"""
    loadmodel!(model, weights::AbstractDict; layout = :julia, prefix = "", names = nothing, strict = true)

Copies arrays by name into a model, in place. With `layout`

- `:julia` they are those of [`state`](@ref): the name of `model[1].weight` is `layers.1.weight`;
- `:onnx` they are a state of an artifact, whose arrays have the dims reversed;
- `:torch` they are the weights of a PyTorch module: `Linear`, `Conv`, `ConvTranspose`, `BatchNorm`,
  `LayerNorm`, `GroupNorm`, `InstanceNorm`, `Embedding`, `Bilinear`, `RNN`, `LSTM`, `GRU` and
  `MultiheadAttention` become the layers of those names, in Flux's order of dims, gates and taps.

`prefix` stands, with a dot, before all names. `names` are pairs of places in the model and names in the file:

    using SafeTensors
    Flux.loadmodel!(model, load_safetensors("net.safetensors"); layout = :torch,
                    names = ["layers.1" => "fc1", "layers.3" => "rnn.l0", "layers.4" => "rnn.l1"])

Without it the layers of a `torch.nn.Sequential` are taken in order. What the model needs must be there; with
`strict` nothing else.
"""
function loadmodel!(model, weights::AbstractDict{<:AbstractString}; layout::Symbol = :julia, prefix = "",
                    names = nothing, strict::Bool = true)
    layout in (:julia, :onnx, :torch) ||
        throw(ArgumentError("loadmodel!: layout is :julia, :onnx or :torch, not $(repr(layout))"))
    file = WeightFile(weights, isempty(prefix) ? "" : "$prefix.", Set{String}())
    layout === :torch ? load_torch!(model, file, names) : load_named!(model, file, names, layout)
    others = [name for name in keys(weights) if startswith(name, file.prefix) && !(name in file.used)]
    strict && !isempty(others) &&
        throw(ArgumentError("loadmodel!: the model has no place for $(listed(others)); see `strict`"))
    return model
end

struct WeightFile
    weights::Any
    prefix::String
    used::Any
end

# The array of a name, which is then used; `nothing` where there is none.
function find_weight(file::WeightFile, name)
    full = file.prefix * name
    haskey(file.weights, full) || return nothing
    push!(file.used, full)
    return file.weights[full]
end

function weight(file::WeightFile, name, place)
    found = find_weight(file, name)
    found === nothing && throw(ArgumentError(
        "loadmodel!: $place needs the array $(file.prefix * name); there are $(listed(keys(file.weights)))"))
    return found
end

listed(names) = join(sort(collect(names)), ", ", " and ")

# Copies an array into a parameter of the same size.
function put!(parameter::AbstractArray, value, place)
    size(parameter) == size(value) || throw(DimensionMismatch(
        "loadmodel!: expected an array of size $(size(parameter)) for $place, got size $(size(value))"))
    parameter .= value
    return nothing
end

# A bias: where the model has none the file's must be zero, and the reverse.
put_bias!(bias::AbstractArray, value, place) = put!(bias, value, place)
put_bias!(bias::AbstractArray, ::Nothing, place) = (bias .= 0; nothing)
put_bias!(::Union{Bool, Nothing}, ::Nothing, place) = nothing
put_bias!(::Union{Bool, Nothing}, value, place) = all(iszero, value) ? nothing : throw(ArgumentError(
    "loadmodel!: the file has a nonzero bias for $place, where the model has none"))

reversed(x) = ndims(x) < 2 ? x : permutedims(x, ntuple(d -> ndims(x) + 1 - d, ndims(x)))

# --- by the names of Flux.state -----------------------------------------------------------------------------

function load_named!(model, file, names, layout)
    renamed = names === nothing ? Dict{String, String}() : Dict(names)
    visit_parts(model, "") do place, x
        x isa AbstractArray{<:Number} || return false
        value = weight(file, rename(renamed, place), place)
        put!(x, layout === :onnx ? reversed(value) : value, place)
        return true
    end
    foreach(name -> find_weight(file, rename(renamed, name)), number_names(model))  # they stay as they are
end

number_names(model) = (names = String[]; visit_parts((place, x) -> (x isa Number && push!(names, place); false),
                                                     model, ""); names)

# The name of a place, of which a beginning may have another name.
function rename(names, place)
    parts = split(place, ".")
    for n in length(parts):-1:1
        start = join(parts[1:n], ".")
        haskey(names, start) && return join([names[start]; parts[n+1:end]], ".")
    end
    return place
end

# Calls `f(place, part)` for the parts of a model, and for parts of those for which that is false.
function visit_parts(f, x, place)
    f(place, x) && return nothing
    parts = children(x)
    for key in keys(parts)
        visit_parts(f, parts[key], isempty(place) ? string(key) : "$place.$key")
    end
end

# --- PyTorch ------------------------------------------------------------------------------------------------

const TorchLayer = Union{Dense, Conv, CrossCor, ConvTranspose, BatchNorm, InstanceNorm, GroupNorm, LayerNorm,
                         Embedding, EmbeddingBag, Bilinear, RecurrentLayer, Recurrence, RNNCell, LSTMCell,
                         GRUCell, GRUv3Cell, MultiHeadAttention}

function load_torch!(model, file, names)
    layers = []
    visit_parts(model, "") do place, x
        x isa TorchLayer && (isempty(all_arrays(x)) || push!(layers, place => x); return true)
        x isa AbstractArray{<:Number} && throw(ArgumentError(
            "loadmodel!: $place is a parameter of a layer that PyTorch does not have"))
        return false
    end
    chosen = names === nothing ? in_sequence(file, layers) : Dict(names)
    for (place, layer) in layers
        haskey(chosen, place) || throw(ArgumentError(
            "loadmodel!: `names` says nothing of $place, the layer $(layer_name(layer))"))
        from_torch!(layer, TorchModule(file, chosen[place], place))
    end
end

# The names of a torch.nn.Sequential, "0", "2", …, for the layers in order.
function in_sequence(file, layers)
    starts = unique([first(split(name[length(file.prefix)+1:end], "."))
                     for name in keys(file.weights) if startswith(name, file.prefix)])
    numbers = [tryparse(Int, start) for start in starts]
    any(isnothing, numbers) && throw(ArgumentError(
        "loadmodel!: `names` must say which layers these are: $(listed(starts)); " *
        "the model has $(listed(map(first, layers)))"))
    length(numbers) == length(layers) || throw(ArgumentError(
        "loadmodel!: the file has $(length(numbers)) layers with weights, the model $(length(layers))"))
    return Dict(place => string(n) for ((place, _), n) in zip(layers, sort(numbers)))
end

# A module in the file: its name, and its place in the model.
struct TorchModule
    file::WeightFile
    name::String
    place::String
end

full_name(m::TorchModule, name) = isempty(m.name) ? name : "$(m.name).$name"
tensor(m::TorchModule, name) = weight(m.file, full_name(m, name), m.place)
optional(m::TorchModule, name) = find_weight(m.file, full_name(m, name))

function from_torch!(layer::Union{Dense, Bilinear}, m)
    put!(layer.weight, tensor(m, "weight"), m.place)
    put_bias!(layer.bias, optional(m, "bias"), m.place)
end

# Convolutions of PyTorch do not reverse their window, and have (outputs, channels, …, height, width).
function from_torch!(layer::Union{Conv, ConvTranspose, CrossCor}, m)
    taps = reversed(tensor(m, "weight"))
    flips = layer isa CrossCor ? taps : reverse(taps; dims = ntuple(identity, ndims(taps) - 2))
    put!(layer.weight, flips, m.place)
    put_bias!(layer.bias, optional(m, "bias"), m.place)
end

function from_torch!(layer::Union{BatchNorm, InstanceNorm, GroupNorm}, m)
    if layer.affine
        put!(layer.γ, tensor(m, "weight"), m.place)
        put!(layer.β, tensor(m, "bias"), m.place)
    end
    if hasproperty(layer, :track_stats) && layer.track_stats
        put!(layer.μ, tensor(m, "running_mean"), m.place)
        put!(layer.σ², tensor(m, "running_var"), m.place)
        optional(m, "num_batches_tracked")
    end
end

function from_torch!(layer::LayerNorm, m)
    put!(layer.diag.scale, reversed(tensor(m, "weight")), m.place)
    put_bias!(layer.diag.bias, map_some(reversed, optional(m, "bias")), m.place)
end

from_torch!(layer::Union{Embedding, EmbeddingBag}, m) =
    put!(layer.weight, permutedims(tensor(m, "weight")), m.place)

map_some(f, ::Nothing) = nothing
map_some(f, x) = f(x)

# --- recurrence: weight_ih_l0 of a layer, weight_ih of a cell; "rnn.l1" is the second layer of "rnn".

from_torch!(layer::Union{RecurrentLayer, Recurrence}, m) = from_torch!(layer.cell, m)

function from_torch!(cell::Union{RNNCell, LSTMCell, GRUCell}, m)
    m, suffix = recurrent_names(m)
    put!(cell.Wi, tensor(m, "weight_ih$suffix"), m.place)
    put!(cell.Wh, tensor(m, "weight_hh$suffix"), m.place)
    bias, recurrent = optional(m, "bias_ih$suffix"), optional(m, "bias_hh$suffix")
    own = cell isa GRUCell ? cell.b : cell.bias
    if cell isa GRUCell && recurrent !== nothing && any(!iszero, recurrent[2end÷3+1:end])
        throw(ArgumentError("loadmodel!: $(full_name(m, "bias_hh$suffix")) has a bias inside of the reset gate's " *
                            "product, for which Flux's GRU has no place"))
    end
    put_bias!(own, bias === nothing ? nothing : bias .+ recurrent, m.place)
end
from_torch!(cell::GRUv3Cell, m) = throw(ArgumentError(
    "loadmodel!: $(m.place) is a GRUv3, which applies the reset gate before the product; PyTorch's is a GRU"))

function recurrent_names(m)
    found = match(r"^(.*)\.(l\d+(?:_reverse)?)$", m.name)
    found === nothing || return TorchModule(m.file, found[1], m.place), "_$(found[2])"
    haskey(m.file.weights, m.file.prefix * full_name(m, "weight_ih")) && return m, ""
    return m, "_l0"
end

# --- attention: one matrix for query, key and value, or three where their sizes differ.

function from_torch!(layer::MultiHeadAttention, m)
    projections = (layer.q_proj, layer.k_proj, layer.v_proj)
    together = optional(m, "in_proj_weight")
    biases = optional(m, "in_proj_bias")
    inner = size(layer.q_proj.weight, 1)
    for (k, projection) in enumerate(projections)
        rows = (k-1)*inner+1:k*inner
        W = together === nothing ? tensor(m, ("q", "k", "v")[k] * "_proj_weight") : together[rows, :]
        put!(projection.weight, W, m.place)
        put_bias!(projection.bias, biases === nothing ? nothing : biases[rows], m.place)
    end
    put!(layer.out_proj.weight, tensor(m, "out_proj.weight"), m.place)
    put_bias!(layer.out_proj.bias, optional(m, "out_proj.bias"), m.place)
end
