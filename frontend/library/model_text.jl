# Models as trees of text: a line for each layer, with counts of its parameters.

# The parts of a layer that print on lines of their own, and the brackets around them.
function layer_parts(layer)
    layer isa Chain && return brackets("Chain", layer.layers)..., layer.layers
    layer isa Maxout && return "Maxout(", ")", layer.layers
    layer isa Parallel && return "Parallel(", ")", with_first(layer.connection, layer.layers)
    layer isa PairwiseFusion && return "PairwiseFusion(", ")", with_first(layer.connection, layer.layers)
    layer isa Recurrence && return "Recurrence(", ")", (layer.cell,)
    layer isa NamedTuple && return "(;", ")", layer
    layer isa Tuple && return "(", ")", layer
    layer isa AbstractArray && return "[", "]", layer
    return "$(nameof(typeof(layer)))(", ")", values(children(layer))
end

brackets(name, layers) = layers isa AbstractVector ? ("$name([", "])") : ("$name(", ")")

with_first(connection, layers) = (connection, layers...)
with_first(connection, layers::NamedTuple) = (; Symbol("") => connection, layers...)

# Whether a layer prints on one line: it has no layers inside.
prints_on_one_line(x) = isleaf(x) || !Primitives.is_expanded(x) || x isa Union{LayerNorm, Scale} ||
    all(is_plain, values(children(x)))
is_plain(x) = isleaf(x) || x isa Scale || x isa Tuple{Vararg{Number}} || x isa Tuple{Vararg{AbstractArray}}

# What the REPL shows for a layer: its parts on lines of their own, with counts of parameters, and their total.
function show_layer(io::IO, layer)
    if get(io, :typeinfo, nothing) !== nothing || prints_on_one_line(layer)
        show_line(io, layer, 0, "")
    else
        show_tree(io, layer, 0, "")
        show_total(io, layer)
    end
end

function show_tree(io, layer, indent, name)
    if prints_on_one_line(layer)
        show_line(io, layer, indent, name)
        return
    end
    open, close, parts = layer_parts(layer)
    println(io, " "^indent, name, open)
    for key in keys(parts)
        show_tree(io, parts[key], indent + 2, key isa Symbol && key !== Symbol("") ? "$key = " : "")
    end
    print(io, " "^indent, close, indent == 0 ? "" : ",\n")
end

function show_line(io, layer, indent, name)
    text = name * part_text(layer)
    print(io, " "^indent, text, indent == 0 ? "" : ",")
    parameters = trainables(layer)
    if !isempty(parameters)
        count = sum(length, parameters)
        others = sum(length, all_arrays(layer); init = 0) - count
        gap = max(2, (indent == 0 ? 20 : 39) - indent - length(text))
        print(io, " "^gap, "# ", grouped_digits(count), " parameters")
        others > 0 && print(io, ", plus ", grouped_digits(others), indent == 0 ? " non-trainable" : "")
        print(io, remark(parameters))
    end
    indent == 0 || println(io)
end

part_text(part) = sprint(show, part)
part_text(part::Function) = string(part)
part_text(part::AbstractArray) = isleaf(part) ? "$(size_text(part)) $(short_type(part))" : sprint(show, part)

size_text(x) = ndims(x) == 1 ? "$(length(x))-element" : join(size(x), "×")

# The type of an array with no parameters but the first.
function short_type(x)
    full = string(typeof(x))
    return ',' in full ? first(split(full, ',')) * ",...}" : full
end

function show_total(io, layer)
    parameters = trainables(layer)
    length(parameters) > 2 || return
    count, bytes = sum(length, parameters), Base.format_bytes(Base.summarysize(layer))
    arrays = all_arrays(layer)
    others = length(arrays) - length(parameters)
    if others > 0
        numbers = sum(length, arrays) - count
        print(io, " "^9, "# Total: ", length(parameters), " trainable arrays, ", grouped_digits(count))
        println(io, " parameters,")
        print(io, " "^10, "# plus ", others, " non-trainable, ", grouped_digits(numbers))
        print(io, " parameters, summarysize ", bytes, ".")
    else
        print(io, " "^19, "# Total: ", length(parameters), " arrays, ", grouped_digits(count))
        print(io, " parameters, ", bytes, ".")
    end
    print(io, remark(parameters))
end

# All arrays of numbers in a model, trainable or not, each once.
all_arrays(model) = [leaf for leaf in fleaves(model) if leaf isa AbstractArray{<:Number}]

# What is odd about parameters.
function remark(parameters)
    all(x -> all(iszero, x), parameters) && return "  (all zero)"
    any(x -> any(isnan, x), parameters) && return "  (some NaN)"
    any(x -> any(isinf, x), parameters) && return "  (some Inf)"
    return ""
end

# 51018 as 51_018.
function grouped_digits(n::Integer)
    digits = string(n)
    first = mod1(length(digits), 3)
    return join((digits[1:first], (digits[i:i+2] for i in first+1:3:length(digits))...), "_")
end
