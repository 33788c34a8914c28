using Flux
m = Chain(Chain(Dense(2 => 3), BatchNorm(4)), Dense(3 => 1))
m(rand(Float32, 2, 5))
