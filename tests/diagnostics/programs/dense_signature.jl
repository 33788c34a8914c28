using Flux
model = Chain(Dense(64 => 32, relu), Dense(32 => 10))
@export predict(x::Float32[63, N]) = softmax(model(x))
