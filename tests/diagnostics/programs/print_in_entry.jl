@export f(x::Float32[3]) = begin
    println("hi")
    x
end
