struct TooDeep <: Exception
    depth::Int
end
Base.showerror(io::IO, e::TooDeep) = print(io, "too deep: ", e.depth)
descend(n) = n > 3 ? throw(TooDeep(n)) : descend(n + 1)
descend(1)
