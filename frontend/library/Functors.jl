"""
    Functors

Models as trees: what the children of a value are, and functions that walk over all of them. Every struct is a
node whose children are its fields, unless `@leaf` declares it a leaf.
"""
module Functors

import Primitives
using Random: AbstractRNG

export functor, children, isleaf, fmap, fmap_with_path, fmapstructure, fmapstructure_with_path, fcollect,
    fleaves, execute, AbstractWalk, KeyPath, getkeypath, haskeypath, setkeypath!

include("walks.jl")
include("keypaths.jl")

end
