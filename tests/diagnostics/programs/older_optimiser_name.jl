using Flux
m = Dense(2 => 1)
opt = ADAM(0.01)
Flux.train!((m, x) -> sum(m(x)), m, [(ones(Float32, 2),)], opt)
