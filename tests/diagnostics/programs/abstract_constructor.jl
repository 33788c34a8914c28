abstract type Layer end
Layer()
