"""
    Tables

Tables as matrices and named tuples.
"""
module Tables

import CSV

"""
    Tables.columntable(table)

The table as a named tuple of columns.
"""
columntable(file::CSV.File) = CSV.columntable(file)
columntable(table::NamedTuple) = table

"""
    Tables.matrix(table)

The columns of a table side by side.
"""
matrix(table) = reduce(hcat, collect(values(columntable(table))))

"""
    Tables.rowtable(table)

The table as a vector of named tuples.
"""
rowtable(table) = [map(column -> column[i], columntable(table)) for i in eachindex(first(columntable(table)))]

end
