using Flux
m = Dense(2 => 1)
opt = Flux.setup(Adam(), m)
g = Flux.gradient(m -> sum(m(ones(Float32, 2))), m)
Flux.update!(opt, m, g)
