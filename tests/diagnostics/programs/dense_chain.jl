using Flux
model = Chain(Dense(64 => 32, relu), Dense(31 => 10))
@export predict(x::Float32[64, N]) = softmax(model(x))
