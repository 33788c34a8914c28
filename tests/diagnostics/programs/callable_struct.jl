struct Scale
    factor
end
(s::Scale)(x::Number) = s.factor * x
Scale(2)("a")
