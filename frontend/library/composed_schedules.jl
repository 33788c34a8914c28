# Schedules made of schedules; numbers may stand for constant ones.

value_at(schedule, t) = schedule(t)
value_at(value::Number, t) = value

"""
    Sequence(schedule1 => steps1, schedule2 => steps2, …)
    Sequence(schedules, step_sizes)

Each schedule for its number of steps, from its own start; the last goes on. A warm-up is
`Sequence(Triangle(0.0, 1e-3, 200) => 100, CosAnneal(1e-3, 0.0, 900) => 900)`.
"""
struct Sequence{T<:Union{Tuple, AbstractVector}, S<:Union{Tuple, AbstractVector}} <: AbstractSchedule
    schedules::T
    step_sizes::S
end
Sequence(stages::Pair...) = Sequence(map(first, stages), map(last, stages))
function (sequence::Sequence)(t)
    for (schedule, steps) in zip(sequence.schedules[1:end-1], sequence.step_sizes)
        t <= steps && return value_at(schedule, t)
        t -= steps
    end
    return value_at(sequence.schedules[end], t)
end

"""
    Loop(schedule, period)

Starts a schedule again after every `period` steps.
"""
struct Loop{T} <: AbstractSchedule
    cycle::T
    period::Int
end
(loop::Loop)(t) = value_at(loop.cycle, mod1(t, loop.period))

"""
    Interpolator(schedule, rate)

A schedule in units of `rate` steps: `schedule(t / rate)`.
"""
struct Interpolator{T, R} <: AbstractSchedule
    schedule::T
    rate::R
end
(interpolator::Interpolator)(t) = interpolator.schedule(t / interpolator.rate)

"""
    OneCycle(nsteps, maxval; startval = maxval / 25, endval = maxval / 1e5, percent_start = 0.25)

Up from `startval` to `maxval` in the first part of `nsteps`, then down to `endval`, both by half waves of the
cosine.
"""
function OneCycle(nsteps, maxval; startval = maxval / 25, endval = maxval / 1e5, percent_start = 0.25)
    warmup = ceil(Int, percent_start * nsteps)
    up = t -> startval + (maxval - startval) * (1 - cos(π * (t - 1) / warmup)) / 2
    down = CosAnneal(maxval, endval, nsteps - warmup, false)
    return Sequence(up => warmup, down => nsteps - warmup)
end

"""
    ComposedSchedule(make, parameters)

`make(parameters...)(t)`, where parameters that are schedules have their value at `t`.
"""
struct ComposedSchedule{F, P} <: AbstractSchedule
    make::F
    parameters::P
end
(composed::ComposedSchedule)(t) =
    composed.make(map(p -> p isa AbstractSchedule ? p(t) : p, composed.parameters)...)(t)

"""
    Stateful(schedule)

Remembers the step: `next!(s)` gives one value after another, `reset!(s)` starts again.
"""
mutable struct Stateful{T}
    schedule::T
    state::Int
end
Stateful(schedule) = Stateful(schedule, 1)

"""
    next!(stateful)

The value at the current step, and on to the next.
"""
function next!(stateful::Stateful)
    value = value_at(stateful.schedule, stateful.state)
    stateful.state += 1
    return value
end

"""
    reset!(stateful)

Back to the first step.
"""
function reset!(stateful::Stateful)
    stateful.state = 1
    return stateful
end
