using Flux
f(x) = relu(x) + ofset
f(1.0)
