using Flux
model = Dense(4 => 2)
opt = Flux.setup(Descent(0.1), model)
@export function train_step(x::Float32[4, N], y::Float32[3, N])
    loss, grads = Flux.withgradient(m -> Flux.mse(m(x), y), model)
    Flux.update!(opt, model, grads[1])
    return loss
end
