# LeNet-5 for images of 28×28 pixels, with relu and max-pooling, trained with momentum.

using Flux
using Random: seed!

seed!(0)

model = Chain(
    Conv((5, 5), 1 => 6, relu; pad = 2),
    MaxPool((2, 2)),
    Conv((5, 5), 6 => 16, relu),
    MaxPool((2, 2)),
    Flux.flatten,
    Dense(400 => 120, relu),
    Dense(120 => 84, relu),
    Dense(84 => 10),
)
opt = Flux.setup(Momentum(0.01), model)

@export predict(x::Float32[28, 28, 1, N]) = model(x)

@export function train_step(x::Float32[28, 28, 1, N], y::Float32[10, N])
    loss, grads = Flux.withgradient(m -> Flux.logitcrossentropy(m(x), y), model)
    Flux.update!(opt, model, grads[1])
    return loss
end
