# Training and inference mode of layers that differ in them.

"""
    testmode!(model, mode = true)

Puts `Dropout`, `BatchNorm` and their like in a model in inference mode, whether or not a gradient is taken;
`false` in training mode, `:auto` back to the default.
"""
function testmode!(model, mode = true)
    active = mode isa Bool ? !mode : nothing
    foreach(layer -> set_active!(layer, active), fcollect(model))
    return model
end

"""
    trainmode!(model, mode = true)

The opposite of [`testmode!`](@ref).
"""
trainmode!(model, mode = true) = testmode!(model, mode isa Bool ? !mode : mode)

set_active!(layer, active) = nothing
set_active!(layer::Union{BatchNorm, InstanceNorm, GroupNorm, Dropout, AlphaDropout}, active) =
    (layer.active = active)
