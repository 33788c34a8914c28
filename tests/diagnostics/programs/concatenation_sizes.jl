[ones(2, 2) ones(3, 2)]
