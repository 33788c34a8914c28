struct Special <: Int
    x
end
