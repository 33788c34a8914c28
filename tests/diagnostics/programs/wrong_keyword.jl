using Flux
layer = Conv((3, 3), 1 => 4, relu; strid = 2)
