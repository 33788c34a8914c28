using Flux
gradient(x -> 2 .* x, [1.0, 2.0])
