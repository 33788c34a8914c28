# Schedules given by a formula of the step t = 1, 2, …

"""
    AbstractSchedule

A schedule `s` has the value `s(t)` at step `t`, and iterates over `s(1), s(2), …`
"""
abstract type AbstractSchedule end

Base.iterate(schedule::AbstractSchedule, t = 1) = (schedule(t), t + 1)

"""
    Constant(value)
"""
struct Constant{T} <: AbstractSchedule
    value::T
end
(schedule::Constant)(t) = schedule.value

# --- decay --------------------------------------------------------------------------------------------------

"""
    Exp(start, decay): start * decay^(t - 1)
"""
struct Exp{T} <: AbstractSchedule
    start::T
    decay::T
end
Exp(; start, decay) = Exp(start, decay)
(schedule::Exp)(t) = schedule.start * schedule.decay^(t - 1)

"""
    Step(start, decay, step_sizes): start * decay^n

where `n` counts the steps of size `step_sizes` that are over: a number for all, or a list whose end is the
last of them.
"""
struct Step{T, S} <: AbstractSchedule
    start::T
    decay::T
    step_sizes::S
end
Step(; start, decay, step_sizes) = Step(start, decay, step_sizes)
(schedule::Step)(t) = schedule.start * schedule.decay^steps_over(schedule.step_sizes, t)

steps_over(size::Integer, t) = (t - 1) ÷ size
steps_over(sizes, t) = count(<(t), cumsum(sizes))

"""
    Poly(start, degree, max_iter): start * (1 - (t - 1) / max_iter)^degree

until step `max_iter`, then 0.
"""
struct Poly{T} <: AbstractSchedule
    start::T
    degree::Int
    max_iter::Int
end
Poly(; start, degree, max_iter) = Poly(start, degree, max_iter)
(schedule::Poly)(t) = schedule.start * max(0, 1 - (t - 1) / schedule.max_iter)^schedule.degree

"""
    Inv(start, decay, degree): start / (1 + (t - 1) * decay)^degree
"""
struct Inv{T} <: AbstractSchedule
    start::T
    decay::T
    degree::Int
end
Inv(; start, decay, degree) = Inv(start, decay, degree)
(schedule::Inv)(t) = schedule.start / (1 + (t - 1) * schedule.decay)^schedule.degree

# --- waves --------------------------------------------------------------------------------------------------

# How far a wave of this period is up, from 0 to 1.
triangle(t, period) = 2 / π * abs(asin(sin(π * (t - 1) / period)))
sine(t, period) = abs(sin(π * (t - 1) / period))

between(low, high, share) = min(low, high) + abs(high - low) * share

"""
    Triangle(l0, l1, period)

From the smaller value linearly to the larger and back in each `period`.
"""
struct Triangle{T} <: AbstractSchedule
    l0::T
    l1::T
    period::Int
end
Triangle(; l0, l1, period) = Triangle(l0, l1, period)
(schedule::Triangle)(t) = between(schedule.l0, schedule.l1, triangle(t, schedule.period))

"""
    TriangleDecay2(l0, l1, period)

[`Triangle`](@ref) of half the height in each following period.
"""
struct TriangleDecay2{T} <: AbstractSchedule
    l0::T
    l1::T
    period::Int
end
TriangleDecay2(; l0, l1, period) = TriangleDecay2(l0, l1, period)
(schedule::TriangleDecay2)(t) =
    between(schedule.l0, schedule.l1, triangle(t, schedule.period) / 2^((t - 1) ÷ schedule.period))

"""
    TriangleExp(l0, l1, period, decay)

[`Triangle`](@ref) whose height is multiplied by `decay^(t - 1)`.
"""
struct TriangleExp{T} <: AbstractSchedule
    l0::T
    l1::T
    period::Int
    decay::T
end
TriangleExp(; l0, l1, period, decay) = TriangleExp(l0, l1, period, decay)
(schedule::TriangleExp)(t) =
    between(schedule.l0, schedule.l1, triangle(t, schedule.period) * schedule.decay^(t - 1))

"""
    Sin(l0, l1, period)

From the smaller value to the larger and back in each `period`, by a half wave of the sine.
"""
struct Sin{T} <: AbstractSchedule
    l0::T
    l1::T
    period::Int
end
Sin(; l0, l1, period) = Sin(l0, l1, period)
(schedule::Sin)(t) = between(schedule.l0, schedule.l1, sine(t, schedule.period))

"""
    SinDecay2(l0, l1, period)

[`Sin`](@ref) of half the height in each following period.
"""
struct SinDecay2{T} <: AbstractSchedule
    l0::T
    l1::T
    period::Int
end
SinDecay2(; l0, l1, period) = SinDecay2(l0, l1, period)
(schedule::SinDecay2)(t) =
    between(schedule.l0, schedule.l1, sine(t, schedule.period) / 2^((t - 1) ÷ schedule.period))

"""
    SinExp(l0, l1, period, decay)

[`Sin`](@ref) whose height is multiplied by `decay^(t - 1)`.
"""
struct SinExp{T} <: AbstractSchedule
    l0::T
    l1::T
    period::Int
    decay::T
end
SinExp(; l0, l1, period, decay) = SinExp(l0, l1, period, decay)
(schedule::SinExp)(t) = between(schedule.l0, schedule.l1, sine(t, schedule.period) * schedule.decay^(t - 1))

"""
    CosAnneal(l0, l1, period, restart = true)

From the larger value to the smaller in each `period`, by a half wave of the cosine; then it restarts, or
without `restart` goes back the same way. [Loshchilov and Hutter, 2017](https://arxiv.org/abs/1608.03983).
"""
struct CosAnneal{T} <: AbstractSchedule
    l0::T
    l1::T
    period::Int
    restart::Bool
end
CosAnneal(l0, l1, period) = CosAnneal(l0, l1, period, true)
CosAnneal(; l0, l1, period, restart = true) = CosAnneal(l0, l1, period, restart)
function (schedule::CosAnneal)(t)
    elapsed = schedule.restart ? mod(t - 1, schedule.period) : t - 1
    return between(schedule.l0, schedule.l1, (1 + cos(π * elapsed / schedule.period)) / 2)
end
