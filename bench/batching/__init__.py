"""Batches of examples that differ in length and shape: DyNet's benchmarks, `python -m bench.batching`.

The networks, their sizes and their training are those of [Neubig, Goldberg and Dyer,
2017](https://arxiv.org/abs/1705.07860): a BiLSTM tagger and a tree-LSTM, 256 units, batches of 64, Adam. The
data are drawn at random, with the lengths and the number of words of theirs.
"""
