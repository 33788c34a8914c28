rate = parse(Float64, "0,1")
