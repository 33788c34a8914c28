using Flux
Embedding(10 => 4)([0, 3])
