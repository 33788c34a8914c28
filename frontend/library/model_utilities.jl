# Asking models about themselves, and pacing callbacks.

"""
    outputsize(model, sizes...; padbatch = false)

The size of the output of a model for inputs of these sizes (tuples), without computing it. With `padbatch`,
for inputs to whose sizes a batch of 1 is added.
"""
outputsize(model, sizes::Tuple...; padbatch::Bool = false) =
    Primitives.output_size(model, padbatch ? map(n -> (n..., 1), sizes) : sizes)

"""
    modules(model)

The model and all layers in it, parents before children.
"""
modules(model) = [node for node in fcollect(model; exclude = isleaf) if !isleaf(node)]

"""
    throttle(f, timeout; leading = true, trailing = false)

A function that calls `f`, but at most once in `timeout` seconds: with `leading` at the first of the calls in
that time; with `trailing` once more when a later call finds that time over.
"""
function throttle(f, timeout; leading::Bool = true, trailing::Bool = false)
    last, waiting = -Inf, nothing
    return function (arguments...; options...)
        now = time()
        if now - last >= timeout
            last = now
            trailing && waiting !== nothing && waiting()
            waiting = nothing
            leading && return f(arguments...; options...)
        end
        trailing && (waiting = () -> f(arguments...; options...))
        return nothing
    end
end
