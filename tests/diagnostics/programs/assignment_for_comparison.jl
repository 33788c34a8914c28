x = 3
if x = 3
    println("yes")
end
