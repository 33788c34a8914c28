"""
    CSV

Tables with named columns from text files. There are no data frames: a table is a named tuple of columns.
"""
module CSV

import Primitives

"""
    CSV.File(path; delim = ',', header = true, missingstring = "")

The table in a file: `file.name` is a column (`Int`, `Float64`, `Bool` or `String`, with `missing` for cells
that are `missingstring`), `file[i]` a row as a named tuple; it iterates over rows. `header` may be the names,
or `false` for `Column1`, `Column2`, ….
"""
struct File
    names::Vector{Symbol}
    columns::Any
end
function File(path::AbstractString; delim = ',', header = true, missingstring = "")
    names, columns = Primitives.read_columns(path, string(delim), header === true, missingstring)
    given = header isa Bool ? names : map(string, header)
    length(given) == length(columns) ||
        throw(DimensionMismatch("$path has $(length(columns)) columns, but there are $(length(given)) names"))
    return File(map(Symbol, given), columns)
end

"""
    CSV.read(path, sink; options...)

A file given to a function, `CSV.read(path, Tables.matrix)`, or as a `NamedTuple` of columns.
"""
read(path::AbstractString, sink; options...) = sink(File(path; options...))
read(path::AbstractString, ::Type{NamedTuple}; options...) = columntable(File(path; options...))

"""
    CSV.write(path, table; delim = ',')

Writes a table, a [`CSV.File`](@ref) or a named tuple of columns, with its names.
"""
write(path::AbstractString, file::File; options...) = write(path, columntable(file); options...)
function write(path::AbstractString, table::NamedTuple; delim = ',')
    open(path, "w") do io
        println(io, join(keys(table), delim))
        for i in eachindex(first(table))
            println(io, join([quoted(column[i], delim) for column in values(table)], delim))
        end
    end
    return path
end

quoted(cell, delim) = cell
quoted(::Missing, delim) = ""
quoted(cell::AbstractString, delim) =
    any(c -> c in ('"', '\n', only(string(delim))), cell) ? "\"" * replace(cell, "\"" => "\"\"") * "\"" : cell

columntable(file::File) = NamedTuple{(getfield(file, :names)...,)}((getfield(file, :columns)...,))

Base.getproperty(file::File, name::Symbol) = getproperty(columntable(file), name)
Base.propertynames(file::File) = (getfield(file, :names)...,)
Base.length(file::File) = isempty(getfield(file, :columns)) ? 0 : length(getfield(file, :columns)[1])
Base.lastindex(file::File) = length(file)
Base.getindex(file::File, name::Symbol) = getproperty(file, name)
Base.getindex(file::File, i::Integer) = map(column -> column[i], columntable(file))
Base.iterate(file::File, i = 1) = i > length(file) ? nothing : (file[i], i + 1)
Base.show(io::IO, file::File) =
    print(io, "CSV.File with ", length(file), " rows: ", join(getfield(file, :names), ", "))

end
