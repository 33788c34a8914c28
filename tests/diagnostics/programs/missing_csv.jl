using DelimitedFiles
data = readdlm("nothing/here.csv", ',')
