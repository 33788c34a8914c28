function f(flag)
    if flag
        result = 1
    end
    return result
end
f(false)
