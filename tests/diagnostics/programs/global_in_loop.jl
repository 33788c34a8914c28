total = 0
for i in 1:3
    total = total + i
end
println(total)
