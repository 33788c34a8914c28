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
train!(loss, model, data, rule::AbstractRule) = train!(loss, model, data, setup(rule, model))

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
