names = ["a", "b"]
@export function f(i::Int)
    length(names[i])
end
