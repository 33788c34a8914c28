using Flux
model = Chain(Dense(2 => 3), 4)
model(ones(Float32, 2))
