share(n, people) = n ÷ people
share(10, 0)
