@kwdef struct Settings
    rate::Float64 = 0.1
end
Settings(raet = 1)
