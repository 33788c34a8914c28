# A multilayer perceptron 784-512-256-10, trained with Adam.

using Flux
using Random: seed!

seed!(0)

model = Chain(Dense(784 => 512, relu), Dense(512 => 256, relu), Dense(256 => 10))
opt = Flux.setup(Adam(1e-3), model)

@export predict(x::Float32[784, N]) = model(x)

@export function train_step(x::Float32[784, N], y::Float32[10, N])
    loss, grads = Flux.withgradient(m -> Flux.logitcrossentropy(m(x), y), model)
    Flux.update!(opt, model, grads[1])
    return loss
end
