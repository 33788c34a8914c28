# Training loops.

"""
    train!(loss, model, data, opt)

For each `d` in `data`, a step with the gradient of `loss(model, d...)` with respect to the model
(`loss(model, d)` where `d` is not a tuple). `opt` comes from [`setup`](@ref). A rule in its place gets a state that
lasts for this call only.
"""
function train!(loss, model, data, opt)
    for (i, d) in enumerate(data)
        value, gradients = withgradient(m -> loss(m, splatted(d)...), model)
        Primitives.isstaged(value) || isfinite(value) ||
            throw(DomainError(value, "the loss is $value on item $i of the data"))
        update!(opt, model, gradients[1])
    end
    return nothing
end
train!(loss, model, data, rule::AbstractRule) = train!(loss, model, data, fresh_state(rule, model))

# The state of a rule for one call. The latest is used again, as new, when a loop over epochs asks for the same: a
# step that is compiled for it then serves all epochs.
const LATEST = Ref{Any}(nothing)
function fresh_state(rule, model)
    if LATEST[] !== nothing && LATEST[][1] == rule && LATEST[][2] === model
        return restart!(LATEST[][3], model)
    end
    opt = setup(rule, model)
    LATEST[] = (rule, model, opt)
    return opt
end

restart!(leaf::Optimisers.Leaf, x) = (leaf.state = Optimisers.init(leaf.rule, x); leaf)
function restart!(tree, model)
    parts = Optimisers.trainable_children(model)
    foreach(key -> restart!(tree[key], parts[key]), keys(tree))
    return tree
end

splatted(d::Tuple) = d
splatted(d) = (d,)

"""
    params(model)

Flux's implicit style, which is gone: use explicit gradients.
"""
params(model...) = error(
    "`params` and implicit gradients are not supported: " *
    "write `grads = gradient(m -> loss(m, x, y), model)`, `opt = Flux.setup(rule, model)` " *
    "and `Flux.update!(opt, model, grads[1])`; `Flux.trainables(model)` lists the parameters")
