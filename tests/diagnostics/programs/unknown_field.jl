struct Point
    first
    second
end
Point(1, 2).secnd
