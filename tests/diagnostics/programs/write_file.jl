@export function f(x::Float32[3])
    open("log.txt", "w") do io
        println(io, "called")
    end
    x
end
