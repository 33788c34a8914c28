"""
    ParameterSchedulers

Hyperparameters that change during training. A schedule is a function of the step `t = 1, 2, …`, and an
infinite iterator:

    for (eta, batch) in zip(CosAnneal(1e-3, 1e-5, 100), data)
        Flux.adjust!(opt, eta)
        …
    end
"""
module ParameterSchedulers

export AbstractSchedule, Constant, Exp, Step, Poly, Inv, Triangle, TriangleDecay2, TriangleExp, Sin, SinDecay2,
    SinExp, CosAnneal, OneCycle, Sequence, Loop, Interpolator, ComposedSchedule, Stateful, next!, reset!

include("schedules.jl")
include("composed_schedules.jl")

end
