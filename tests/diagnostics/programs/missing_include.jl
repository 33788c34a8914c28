include("nothing_here.jl")
