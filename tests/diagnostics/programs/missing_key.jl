sizes = Dict("width" => 3, "height" => 4)
sizes["widht"]
