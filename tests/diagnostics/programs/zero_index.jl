x = [1, 2, 3]
for i in 0:2
    x[i]
end
