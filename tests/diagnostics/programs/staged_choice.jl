@export function f(x::Float32[3])
    y = sum(x) > 0 ? x : x[1]
    y
end
