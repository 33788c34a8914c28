using Flux
Flux.logitcrossentropy(rand(Float32, 10, 4), rand(0:9, 4))
