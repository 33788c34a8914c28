struct Point
    x
end
p = Point(1)
p.x = 2
