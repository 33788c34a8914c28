map([1, 2]) do x
    x + undefined_offset
end
