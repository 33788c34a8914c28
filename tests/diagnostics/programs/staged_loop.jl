@export function doubled(x::Float32[3, N])
    y = (x,)
    for column in 1:size(x, 2)
        y = (y, column)
    end
    sum(y[1])
end
