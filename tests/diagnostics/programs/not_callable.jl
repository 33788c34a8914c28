struct Layer
    w
end
Layer(1)(2)
