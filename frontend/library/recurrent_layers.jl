# Recurrent cells and layers. A cell takes an input `(in,)` or `(in, batch)` and a state, and returns its
# output and the next state. A layer runs its cell over the second dimension of `(in, time)` or `(in, time,
# batch)`.

"""
    initialstates(cell)

The state a cell starts from when none is given: zeros.
"""
initialstates(cell) = zero_state(cell.Wh)

zero_state(Wh, batch...) = fill!(similar(Wh, size(Wh, 2), batch...), 0)

# The starting state for an input with these batch dimensions.
state_for(cell, batch) = zero_state(cell.Wh, batch...)

batch_size(x) = size(x)[2:end]

function show_cell(io, name, cell)
    gates = size(cell.Wi, 1) ÷ size(cell.Wh, 2)
    print(io, name, "(", size(cell.Wi, 2), " => ", size(cell.Wi, 1) ÷ gates)
    hasproperty(cell, :σ) && print(io, ", ", cell.σ)
    print(io, ")")
end

# --- cells --------------------------------------------------------------------------------------------------

"""
    RNNCell(in => out, σ = tanh; init_kernel = glorot_uniform, init_recurrent_kernel = glorot_uniform,
            bias = true)

`h′ = σ.(Wi * x .+ Wh * h .+ b)`; `cell(x, h)` returns `h′, h′`.
"""
struct RNNCell{F, I, H, V}
    σ::F
    Wi::I
    Wh::H
    bias::V
end
RNNCell((in, out)::Pair, σ = tanh; options...) =
    recurrent_cell((Wi, Wh, b) -> RNNCell(σ, Wi, Wh, b), in, out, 1; options...)

# Weights of a cell with stacked gates.
function recurrent_cell(make, in, out, gates; init_kernel = glorot_uniform,
                        init_recurrent_kernel = glorot_uniform, bias = true)
    Wi, Wh = init_kernel(gates * out, in), init_recurrent_kernel(gates * out, out)
    return make(Wi, Wh, create_bias(Wi, bias, gates * out))
end

@layer RNNCell

(cell::RNNCell)(x::AbstractVecOrMat) = cell(x, state_for(cell, batch_size(x)))
function (cell::RNNCell)(x::AbstractVecOrMat, h)
    check_size(cell, x, 1 => size(cell.Wi, 2))
    next = cell.σ.(add_bias(cell.Wi * x .+ cell.Wh * h, cell.bias))
    return next, next
end

Base.show(io::IO, cell::RNNCell) = show_cell(io, "RNNCell", cell)

"""
    LSTMCell(in => out; init_kernel = glorot_uniform, init_recurrent_kernel = glorot_uniform, bias = true)

    i, f, g, o = σ, σ, tanh, σ of the four parts of Wi * x .+ Wh * h .+ b
    c′ = f .* c .+ i .* g,   h′ = o .* tanh.(c′)

`cell(x, (h, c))` returns `h′, (h′, c′)`.
"""
struct LSTMCell{I, H, V}
    Wi::I
    Wh::H
    bias::V
end
LSTMCell((in, out)::Pair; options...) =
    recurrent_cell(LSTMCell, in, out, 4; options...)

@layer LSTMCell

initialstates(cell::LSTMCell) = (zero_state(cell.Wh), zero_state(cell.Wh))
state_for(cell::LSTMCell, batch) = (zero_state(cell.Wh, batch...), zero_state(cell.Wh, batch...))

(cell::LSTMCell)(x::AbstractVecOrMat) = cell(x, state_for(cell, batch_size(x)))
function (cell::LSTMCell)(x::AbstractVecOrMat, (h, c))
    check_size(cell, x, 1 => size(cell.Wi, 2))
    input, forget, candidate, output = parts(add_bias(cell.Wi * x .+ cell.Wh * h, cell.bias), Val(4))
    memory = σ.(forget) .* c .+ σ.(input) .* tanh.(candidate)
    next = σ.(output) .* tanh.(memory)
    return next, (next, memory)
end

# The first dimension in n equal parts.
function parts(x, ::Val{n}) where n
    size1 = size(x, 1) ÷ n
    return ntuple(k -> selectdim(x, 1, (k-1)*size1+1:k*size1), n)
end

Base.show(io::IO, cell::LSTMCell) = show_cell(io, "LSTMCell", cell)

"""
    GRUCell(in => out; init_kernel = glorot_uniform, init_recurrent_kernel = glorot_uniform, bias = true)

    r = σ.(Wi[r] * x .+ Wh[r] * h .+ b[r]),   z = σ.(Wi[z] * x .+ Wh[z] * h .+ b[z])
    h̃ = tanh.(Wi[h] * x .+ r .* (Wh[h] * h) .+ b[h]),   h′ = (1 .- z) .* h̃ .+ z .* h

with the parts of the weights in the order r, z, h; `cell(x, h)` returns `h′, h′`.
"""
struct GRUCell{I, H, V}
    Wi::I
    Wh::H
    b::V
end
GRUCell((in, out)::Pair; options...) =
    recurrent_cell(GRUCell, in, out, 3; options...)

@layer GRUCell

(cell::GRUCell)(x::AbstractVecOrMat) = cell(x, state_for(cell, batch_size(x)))
function (cell::GRUCell)(x::AbstractVecOrMat, h)
    check_size(cell, x, 1 => size(cell.Wi, 2))
    xr, xz, xh = parts(add_bias(cell.Wi * x, cell.b), Val(3))
    hr, hz, hh = parts(cell.Wh * h, Val(3))
    reset, update = σ.(xr .+ hr), σ.(xz .+ hz)
    candidate = tanh.(xh .+ reset .* hh)
    next = (1 .- update) .* candidate .+ update .* h
    return next, next
end

Base.show(io::IO, cell::GRUCell) = show_cell(io, "GRUCell", cell)

"""
    GRUv3Cell(in => out; init_kernel = glorot_uniform, init_recurrent_kernel = glorot_uniform, bias = true)

As [`GRUCell`](@ref), but `h̃ = tanh.(Wi[h] * x .+ Wh_h̃ * (r .* h) .+ b[h])`.
"""
struct GRUv3Cell{I, H, V, HH}
    Wi::I
    Wh::H
    b::V
    Wh_h̃::HH
end
function GRUv3Cell((in, out)::Pair; init_kernel = glorot_uniform, init_recurrent_kernel = glorot_uniform,
                   bias = true)
    Wi, Wh = init_kernel(3 * out, in), init_recurrent_kernel(2 * out, out)
    return GRUv3Cell(Wi, Wh, create_bias(Wi, bias, 3 * out), init_recurrent_kernel(out, out))
end

@layer GRUv3Cell

(cell::GRUv3Cell)(x::AbstractVecOrMat) = cell(x, state_for(cell, batch_size(x)))
function (cell::GRUv3Cell)(x::AbstractVecOrMat, h)
    check_size(cell, x, 1 => size(cell.Wi, 2))
    xr, xz, xh = parts(add_bias(cell.Wi * x, cell.b), Val(3))
    hr, hz = parts(cell.Wh * h, Val(2))
    reset, update = σ.(xr .+ hr), σ.(xz .+ hz)
    candidate = tanh.(xh .+ cell.Wh_h̃ * (reset .* h))
    next = (1 .- update) .* candidate .+ update .* h
    return next, next
end

Base.show(io::IO, cell::GRUv3Cell) = print(io, "GRUv3Cell(", size(cell.Wi, 2), " => ", size(cell.Wh, 2), ")")

# --- layers over time ---------------------------------------------------------------------------------------

"""
    Recurrence(cell; return_state = false)

Runs a cell over time: `x` of size `(in, time)` or `(in, time, batch)` gives outputs `(out, time)` or `(out,
time, batch)`; with `return_state` the last state as well. `layer(x, state)` starts from a given state.
"""
struct Recurrence{S, M}
    cell::M
    Recurrence{S}(cell) where S = new{S, typeof(cell)}(cell)
end
Recurrence(cell; return_state::Bool = false) = Recurrence{return_state}(cell)

@layer Recurrence

(layer::Recurrence)(x::AbstractArray) = layer(x, state_for(layer.cell, size(x)[3:end]))
function (layer::Recurrence{S})(x::AbstractArray, state) where S
    outputs, state = scan(layer.cell, x, state)
    return S ? (outputs, state) : outputs
end

# The outputs of a cell for all times, and the last state. What an iteration adds to `outputs` is a stacked
# output of the graph's loop.
function scan(cell, x, state)
    outputs = output_type(cell, x, state)[]
    for t in axes(x, 2)
        output, state = cell(selectdim(x, 2, t), state)
        append!(outputs, vec(output))
    end
    batch = size(x)[3:end]
    steps = reshape(outputs, :, batch..., size(x, 2))
    return permutedims(steps, (1, ndims(steps), 2:ndims(steps)-1...)), state
end

# The element type of what a cell computes.
output_type(cell, x, state) =
    promote_type(float(eltype(x)), map(eltype, all_arrays(cell))..., map(eltype, all_arrays(state))...)

function Base.show(io::IO, layer::Recurrence)
    print(io, "Recurrence(")
    show(io, layer.cell)
    print(io, ")")
end

"""
    RNN(in => out, σ = tanh; return_state = false, options...)

An [`RNNCell`](@ref) over time; see [`Recurrence`](@ref).
"""
struct RNN{S, M}
    cell::M
    RNN{S}(cell) where S = new{S, typeof(cell)}(cell)
end
RNN((in, out)::Pair, σ = tanh; return_state::Bool = false, options...) =
    RNN{return_state}(RNNCell(in => out, σ; options...))

"""
    LSTM(in => out; return_state = false, options...)

An [`LSTMCell`](@ref) over time; see [`Recurrence`](@ref). The state is `(h, c)`.
"""
struct LSTM{S, M}
    cell::M
    LSTM{S}(cell) where S = new{S, typeof(cell)}(cell)
end
LSTM((in, out)::Pair; return_state::Bool = false, options...) =
    LSTM{return_state}(LSTMCell(in => out; options...))

"""
    GRU(in => out; return_state = false, options...)

A [`GRUCell`](@ref) over time; see [`Recurrence`](@ref).
"""
struct GRU{S, M}
    cell::M
    GRU{S}(cell) where S = new{S, typeof(cell)}(cell)
end
GRU((in, out)::Pair; return_state::Bool = false, options...) =
    GRU{return_state}(GRUCell(in => out; options...))

"""
    GRUv3(in => out; return_state = false, options...)

A [`GRUv3Cell`](@ref) over time; see [`Recurrence`](@ref).
"""
struct GRUv3{S, M}
    cell::M
    GRUv3{S}(cell) where S = new{S, typeof(cell)}(cell)
end
GRUv3((in, out)::Pair; return_state::Bool = false, options...) =
    GRUv3{return_state}(GRUv3Cell(in => out; options...))

@layer :noexpand RNN
@layer :noexpand LSTM
@layer :noexpand GRU
@layer :noexpand GRUv3

const RecurrentLayer = Union{RNN, LSTM, GRU, GRUv3}

initialstates(layer::Union{RecurrentLayer, Recurrence}) = initialstates(layer.cell)

(layer::RNN{S})(x::AbstractArray) where S = Recurrence{S}(layer.cell)(x)
(layer::RNN{S})(x::AbstractArray, state) where S = Recurrence{S}(layer.cell)(x, state)
(layer::LSTM{S})(x::AbstractArray) where S = Recurrence{S}(layer.cell)(x)
(layer::LSTM{S})(x::AbstractArray, state) where S = Recurrence{S}(layer.cell)(x, state)
(layer::GRU{S})(x::AbstractArray) where S = Recurrence{S}(layer.cell)(x)
(layer::GRU{S})(x::AbstractArray, state) where S = Recurrence{S}(layer.cell)(x, state)
(layer::GRUv3{S})(x::AbstractArray) where S = Recurrence{S}(layer.cell)(x)
(layer::GRUv3{S})(x::AbstractArray, state) where S = Recurrence{S}(layer.cell)(x, state)

Base.show(io::IO, layer::RecurrentLayer) = print(io, replace(sprint(show, layer.cell), "Cell" => ""))

"""
    reset!(model)

Does nothing: recurrent layers keep no state between calls. Only a [`KeyValueCache`](@ref) forgets.
"""
reset!(model) = nothing
