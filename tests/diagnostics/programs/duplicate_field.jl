struct Layer
    weight
    weight
end
