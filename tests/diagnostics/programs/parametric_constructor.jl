struct Point{T}
    x::T
    y::T
end
Point(1, 2.0)
