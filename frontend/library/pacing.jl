# Callbacks in training loops: at most so often, and when to stop.

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

"""
    patience(predicate, wait)

A function that returns `true` when `predicate(arguments...)` was true at the last `wait` calls.
"""
function patience(predicate, wait::Integer)
    count = 0
    return function (arguments...; options...)
        count = predicate(arguments...; options...) ? count + 1 : 0
        return count >= wait
    end
end

"""
    early_stopping(f, delay; distance = -, init_score = 0, min_dist = 0)

A function that returns `true` when `f(arguments...)`, a loss, was not better than its best value `delay` times
in a row: `distance(best, value) < min_dist`.

    stop = Flux.early_stopping(() -> loss(model, validation), 5; init_score = Inf)
    for epoch in 1:100
        …
        stop() && break
    end
"""
function early_stopping(f, delay::Integer; distance = -, init_score = 0, min_dist = 0)
    best = init_score
    return patience(delay) do arguments...
        score = f(arguments...)
        gain = distance(best, score)
        gain < 0 || (best = score)
        return gain < min_dist
    end
end

"""
    plateau(f, width; distance = -, init_score = 0, min_dist = 1f-6)

A function that returns `true` when `f(arguments...)` changed by less than `min_dist`, as
`abs(distance(last, value))`, at `width` calls in a row.
"""
function plateau(f, width::Integer; distance = -, init_score = 0, min_dist = 1f-6)
    last = init_score
    return patience(width) do arguments...
        score = f(arguments...)
        change = abs(distance(last, score))
        last = score
        return change < min_dist
    end
end
