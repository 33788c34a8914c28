"""
    Optimisers

Optimisation rules and the trees that hold their state. `setup(rule, model)` makes a tree like the model with
a `Leaf` in the place of each parameter; `update!(tree, model, gradient)` takes a step, in place.
"""
module Optimisers

using Functors
using Functors: mapkeys
using Random, Statistics, LinearAlgebra
import Primitives

export AbstractRule, Leaf, setup, update, update!, adjust, adjust!, freeze!, thaw!, trainable, trainables,
    destructure
export Descent, Momentum, Nesterov, Rprop, RMSProp, AdaGrad, AdaDelta, Adam, AdaMax, RAdam, NAdam, OAdam,
    AdamW, AMSGrad, AdaBelief, Lion
export OptimiserChain, WeightDecay, SignDecay, ClipGrad, ClipNorm, AccumGrad, MixedPrecision

include("state_trees.jl")
include("trainables.jl")
include("rules.jl")
include("adaptive_rules.jl")
include("rule_wrappers.jl")
include("adjustment.jl")
include("destructuring.jl")

end
