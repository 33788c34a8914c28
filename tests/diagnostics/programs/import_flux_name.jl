using Flux: Dense, Chian
