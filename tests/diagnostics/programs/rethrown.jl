try
    [1, 2][5]
catch e
    rethrow()
end
