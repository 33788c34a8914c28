# Trees of optimiser state.

"""
    AbstractRule

A rule says how a parameter moves. It has two methods:

    init(rule, x) -> state
    apply!(rule, state, x, dx) -> (state, step)

where `dx` is the gradient of the loss with respect to the array `x`; the caller then does `x .-= step`,
unless `step` is `nothing`. Numbers of a rule are converted to the element type of `x`.
"""
abstract type AbstractRule end

Base.show(io::IO, rule::AbstractRule) =
    print(io, nameof(typeof(rule)), "(", join(map(repr, rule_fields(rule)), ", "), ")")

rule_fields(rule) = map(name -> getfield(rule, name), fieldnames(typeof(rule)))

"""
    Leaf(rule, state; frozen = false)

The rule and its state for one parameter. It is mutable: the same parameter in two places of a model has the
same leaf.
"""
mutable struct Leaf{R, S}
    rule::R
    state::S
    frozen::Bool
end
Leaf(rule, state; frozen::Bool = false) = Leaf(rule, state, frozen)

Base.:(==)(a::Leaf, b::Leaf) = a.rule == b.rule && a.state == b.state && a.frozen == b.frozen
Functors.functor(leaf::Leaf) = ((; leaf.state), parts -> Leaf(leaf.rule, parts.state, leaf.frozen))

function Base.show(io::IO, leaf::Leaf)
    compact = IOContext(io, :compact => true)
    print(compact, "Leaf(", leaf.rule, ", ")
    show(compact, leaf.state)
    print(compact, leaf.frozen ? ", frozen = true)" : ")")
end

"""
    setup(rule, model) -> tree

A tree like the model: a [`Leaf`](@ref) for each array of floating-point numbers that is [`trainable`](@ref),
`()` for anything else.
"""
function setup(rule::AbstractRule, model)
    leaves = IdDict()
    tree = plant(rule, model, leaves)
    isempty(leaves) && @warn "setup found no trainable parameters in this model"
    return tree
end

function plant(rule, x, leaves)
    isnumeric(x) && return get!(() -> Leaf(rule, init(rule, x)), leaves, x)
    return map(child -> plant(rule, child, leaves), trainable_children(x))
end

"""
    update!(tree, model, gradient) -> (tree, model)

One step: overwrites the parameters of the model and the state in the tree. The gradient has the form that
`gradient` returns, nested named tuples with `nothing` where there is none. A parameter that occurs twice gets
the sum of both gradients, and one step.
"""
function update!(tree, model, gradient)
    tree isa Union{Leaf, NamedTuple, Tuple, AbstractArray, AbstractDict} || throw(ArgumentError(
        "update! takes the state that `setup` made first: `update!(opt, model, grads[1])`"))
    Primitives.compiled(take_steps!, tree, model, gradient)
    return tree, model
end

function take_steps!(tree, model, gradient)
    steps = IdDict()
    collect_steps!(steps, tree, model, gradient)
    for (leaf, (x, dx)) in steps
        step!(leaf, x, dx)
    end
    return nothing
end

collect_steps!(steps, tree, model, ::Nothing) = nothing
function collect_steps!(steps, leaf::Leaf, x, dx)
    leaf.frozen || (steps[leaf] = haskey(steps, leaf) ? (x, steps[leaf][2] .+ dx) : (x, dx))
    return nothing
end
collect_steps!(steps, leaf::Leaf, x, ::Nothing) = nothing
function collect_steps!(steps, tree, model, gradient)
    parts = trainable_children(model)
    for key in keys(tree)
        dx = branch(gradient, key)
        dx === nothing || collect_steps!(steps, tree[key], parts[key], dx)
    end
    return nothing
end

branch(gradient, key::Symbol) = hasproperty(gradient, key) ? getproperty(gradient, key) : nothing
branch(gradient::Tuple, key::Symbol) = throw(ArgumentError(
    "update! got a tuple where the gradient of the model has names: `update!(opt, model, grads[1])`"))
branch(gradient, key) = gradient[key]

function step!(leaf, x, dx)
    size(dx) == size(x) ||
        throw(DimensionMismatch("a parameter of size $(size(x)) got a gradient of size $(size(dx))"))
    leaf.state, change = apply!(leaf.rule, leaf.state, x, dx)
    advance!(x, change)
    return nothing
end

# A step that is taken only where `ready`, a truth value that is known when the graph runs.
struct Sometimes{S, R}
    step::S
    ready::R
end

only_if(ready, ::Nothing) = nothing
only_if(ready, step) = Sometimes(step, ready)
only_if(ready, step::Sometimes) = Sometimes(step.step, ready & step.ready)

# Moves a parameter by a step.
advance!(x, ::Nothing) = x
advance!(x, step) = (x .= x .- step)
advance!(x, step::Sometimes) = (x .= ifelse.(step.ready, x .- step.step, x))

# The state `after` a step where `ready`, else the one `before`; arrays are overwritten.
select!(ready, after::Tuple, before::Tuple) = map((a, b) -> select!(ready, a, b), after, before)
select!(ready, after::AbstractArray, before) = (after .= ifelse.(ready, after, before))
select!(ready, after::Number, before) = ifelse(ready, after, before)
select!(ready, after, before) = after

"""
    update(tree, model, gradient) -> (tree, model)

[`update!`](@ref) on copies: neither the tree nor the model changes.
"""
update(tree, model, gradient) = update!(deepcopy((tree, model))..., gradient)

"""
    init(rule, x)

The initial state of a rule for the parameter `x`; `nothing` when it needs none.
"""
init(rule::AbstractRule, x::AbstractArray) = nothing
