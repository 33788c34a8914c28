"""
    integer_functions

Functions of Base on numbers that only the graph knows. Those of known numbers are computed by the host; these
are the iterations that they stand for. What Base refuses (`factorial(-1)`) is not noticed.
"""
module integer_functions

# --- divisors ---------------------------------------------------------------------------------------------

function gcd(a, b)
    a, b = promote(a, b)
    while b != 0
        a, b = b, rem(a, b)
    end
    return abs(a)
end
gcd(a, b, more...) = gcd(gcd(a, b), more...)

lcm(a, b) = abs(a ÷ max(gcd(a, b), oneunit(a)) * b)
lcm(a, b, more...) = lcm(lcm(a, b), more...)

function invmod(x, m)
    a, b, u, v = mod(x, m), m, one(m), zero(m)
    while b != 0
        q = a ÷ b
        a, b = b, a - q * b
        u, v = v, u - q * v
    end
    return mod(u, m)
end

"By squaring; m² must be in the range of the type."
function powermod(x, p, m)
    x, p = p < 0 ? (invmod(x, m), -p) : (mod(x, m), p)
    power = mod(one(m), m)
    while p > 0
        if isodd(p)
            power = mod(power * x, m)
        end
        x = mod(x * x, m)
        p >>= 1
    end
    return power
end

function isprime(n)
    (n < 2 || iseven(n)) && return n == 2
    divisor = 3
    while divisor <= n ÷ divisor
        n % divisor == 0 && return false
        divisor += 2
    end
    return true
end

# --- counting ---------------------------------------------------------------------------------------------

const FACTORIALS = cumprod([1; 1:20])

factorial(n) = FACTORIALS[n+1]

function binomial(n, k)
    sign = n < 0 && isodd(k) ? -1 : 1
    n = n < 0 ? k - n - 1 : n
    isnone = k < 0 || k > n
    k, value = min(k, n - k), 1
    for i in 1:k  # value * m ÷ i, without a product that is larger than the result
        m = n - i + 1
        value = value ÷ i * m + value % i * m ÷ i
    end
    return isnone ? 0 : sign * value
end

# --- powers and roots -------------------------------------------------------------------------------------

function nextpow(a, x)
    power = one(a)
    while power < x
        power *= a
    end
    return power
end

function prevpow(a, x)
    power = one(a)
    while power * a <= x
        power *= a
    end
    return power
end

function isqrt(n)
    root = oftype(n, floor(sqrt(Float64(n))))  # of a large n it may be wrong by one
    root -= root > n ÷ max(root, 1)
    return oftype(n, root + (root + 1 <= n ÷ (root + 1)))
end

ispow2(n::Integer) = n > 0 && n & (n - 1) == 0
ispow2(x) = x > 0 && significand(x) == 1

function exponent(x)
    size = abs(x)
    power = floor(Int, log2(size))
    power -= ldexp(oneunit(size), power) > size
    return power + (ldexp(oneunit(size), power + 1) <= size)
end

significand(x) = x == 0 ? x : ldexp(x, -exponent(x))

"In two steps, for a power of two alone may be out of range."
ldexp(x, n) = x * oftype(x, 2)^(n ÷ 2) * oftype(x, 2)^(n - n ÷ 2)

# --- digits -----------------------------------------------------------------------------------------------

function digits(n; base = 10, pad = 1)
    found = Int[]
    while n != 0 || length(found) < pad
        push!(found, rem(n, base))
        n = n ÷ base
    end
    return found
end

function ndigits(n; base = 10, pad = 1)
    count = 0
    while n != 0 || count < pad
        n = n ÷ base
        count += 1
    end
    return count
end

bits(x) = 8 * sizeof(x)

"The bits of an integer as those of an Int, with zeros in front."
whole(x) = bits(x) == 64 ? x % Int : Int(x) & (1 << bits(x) - 1)

"Sums of neighbouring groups of bits: of two, four, eight of them, then of all."
function ones_of(x)
    x -= (x >>> 1) & 0x5555555555555555 % Int
    x = (x & 0x3333333333333333 % Int) + ((x >>> 2) & 0x3333333333333333 % Int)
    x = (x + (x >>> 4)) & 0x0f0f0f0f0f0f0f0f % Int
    x += x >>> 8
    x += x >>> 16
    x += x >>> 32
    return x & 127
end

count_ones(x) = ones_of(whole(x))
count_zeros(x) = bits(x) - count_ones(x)

function leading_zeros(x)
    size, x = bits(x), whole(x)
    for shift in (1, 2, 4, 8, 16, 32)
        x |= x >>> shift
    end
    return size - ones_of(x)
end

trailing_zeros(x) = min(ones_of(~whole(x) & (whole(x) - 1)), bits(x))

end
