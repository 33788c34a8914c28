using Flux
model = Chian(Dense(2 => 3), Dense(3 => 1))
