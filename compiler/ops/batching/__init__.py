"""Batching rules: what an op does to all lanes of a `map` at once.

`batched.py` and `lanes.py` hold what rules work with; the other files hold the rules, a file for each family
of ops. The records of the ops refer to them (`Op.batch`, `Op.batch_sum`).
"""
