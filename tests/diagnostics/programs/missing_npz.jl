using NPZ
data = npzread("nothing/here.npz")
