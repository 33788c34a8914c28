e = quote
    x = 1
end
