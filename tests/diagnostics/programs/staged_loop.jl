@export function f(x::Float32[3])
    s = 0f0
    while sum(x) > s
        s += 1
    end
    s
end
