@kwdef struct Settings
    rate::Float64 = 0.1
    name::String
end
Settings(rate = 1)
