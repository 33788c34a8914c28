if 1
    2
end
