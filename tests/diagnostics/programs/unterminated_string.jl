name = "Julia
println(name)
