using Flux
gradient(x -> "loss", 1.0)
