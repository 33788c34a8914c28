"""Benchmarks: compiled artifacts against PyTorch and JAX, on the same machine, in the same run.

`python -m bench` runs models of images, `python -m bench.batching` trains on sentences and trees, also with
DyNet, `python -m bench.loops` shows what gradients of loops cost. `python -m bench.profile` shows where an
artifact's time goes, `python -m bench.language` how fast the evaluator is, `python -m bench.share` how many
sources of a folder parse.
"""
