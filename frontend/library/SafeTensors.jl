"""
    SafeTensors

Named arrays in safetensors files, the format of Hugging Face. Arrays have the size that they have in Python.
"""
module SafeTensors

import Primitives

export load_safetensors, save_safetensors

"""
    load_safetensors(path) -> Dict

The arrays of a file by name. `Flux.loadmodel!(model, load_safetensors(path))` puts them into a model.
"""
load_safetensors(path::AbstractString) = Primitives.read_tensors(path)

"""
    save_safetensors(path, arrays)

Writes a dictionary of arrays, or nested named tuples such as `Flux.state(model)`, whose arrays get names like
`layers.1.weight`. What is neither array nor number is left out.
"""
function save_safetensors(path::AbstractString, arrays)
    flat = Dict{String, Any}()
    collect_arrays!(flat, "", arrays)
    Primitives.write_tensors(path, flat)
    return nothing
end

collect_arrays!(flat, name, x::AbstractArray{<:Number}) = (flat[name] = x)
collect_arrays!(flat, name, x::Number) = (flat[name] = x)
collect_arrays!(flat, name, x) = nothing
function collect_arrays!(flat, name, x::Union{Tuple, NamedTuple, AbstractDict, AbstractArray})
    for key in keys(x)
        collect_arrays!(flat, isempty(name) ? string(key) : "$name.$key", x[key])
    end
end

end
