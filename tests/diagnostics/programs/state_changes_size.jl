history = Float32[]
@export function f(x::Float32)
    push!(history, x)
    return x
end
