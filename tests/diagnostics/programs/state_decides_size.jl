mutable struct Counter
    n::Int
end
c = Counter(1)
@export function f(x::Float32[3])
    c.n += 1
    return sum(x[1:c.n])
end
