function f(x)
    if x > 1
        return 2
    return 3
end
f(2)
