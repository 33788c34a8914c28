A = zeros(2, 3)
A[3, 1]
