struct Bag
    items
end
for item in Bag([1, 2])
    println(item)
end
