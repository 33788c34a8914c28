function f(x)
    x
end
end
