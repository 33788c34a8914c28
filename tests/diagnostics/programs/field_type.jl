struct Layer
    size::Int
end
Layer("three")
