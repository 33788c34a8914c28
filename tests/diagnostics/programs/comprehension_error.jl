names = ["a", "b"]
[parse(Int, name) for name in names]
