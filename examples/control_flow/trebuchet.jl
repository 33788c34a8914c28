# A trebuchet: how far does the stone fly, and how should counterweight and angle of release change?
#
# A beam turns about its pivot, driven by a counterweight; the stone at the long end leaves when the beam reaches the
# angle of release (first event) and flies with air resistance until it hits the ground (second event).

using Flux

const GRAVITY, SHORT, LONG, HEIGHT, STONE, DRAG, STEP = 9.81, 1.0, 4.0, 3.0, 1.0, 0.01, 0.01

# The angular acceleration of the beam at an angle above the horizontal.
function acceleration(angle, weight)
    torque = GRAVITY * cos(angle) * (weight * SHORT - STONE * LONG)
    return torque / (weight * SHORT^2 + STONE * LONG^2)
end

"""
    shoot(weight, release) -> range, seconds of flight

Both phases are integrated by the midpoint rule. The state at an event is found by going back from the step that
passed it, on a straight line.
"""
function shoot(weight, release)
    angle, speed = -0.5, 0.0
    while angle < release
        middle = speed + STEP / 2 * acceleration(angle, weight)
        speed += STEP * acceleration(angle + STEP / 2 * speed, weight)
        angle += STEP * middle
    end
    back = (angle - release) / speed
    angle -= back * speed
    x, y = -LONG * cos(angle), HEIGHT + LONG * sin(angle)
    vx, vy = LONG * speed * sin(angle), LONG * speed * cos(angle)
    t = 0.0
    while y > 0
        drag = DRAG * sqrt(vx^2 + vy^2)
        mx, my = vx - STEP / 2 * drag * vx, vy - STEP / 2 * (drag * vy + GRAVITY)
        drag = DRAG * sqrt(mx^2 + my^2)
        vx -= STEP * drag * mx
        vy -= STEP * (drag * my + GRAVITY)
        x += STEP * mx
        y += STEP * my
        t += STEP
    end
    back = y / vy
    return x - back * vx, t - back
end

distance(weight, release) = shoot(weight, release)[1]

@export throw_stone(weight::Float64, release::Float64) = shoot(weight, release)
@export throw_stones(weights::Vector{Float64}, releases::Vector{Float64}) = map(shoot, weights, releases)
@export slope(weight::Float64, release::Float64) = gradient(distance, weight, release)
@export slopes(weights::Vector{Float64}, releases::Vector{Float64}) =
    map((w, r) -> gradient(distance, w, r), weights, releases)

# One step of aiming at a target: the settings themselves are trained.
settings = [20.0, 0.6]
opt = Flux.setup(Adam(0.05), settings)

@export function aim_step(target::Float64)
    miss, grads = Flux.withgradient(s -> (distance(s[1], s[2]) - target)^2, settings)
    Flux.update!(opt, settings, grads[1])
    return miss
end

if abspath(PROGRAM_FILE) == @__FILE__
    for step in 1:100
        miss = aim_step(20.0)
        step % 20 == 0 && println("step ", step, "  squared miss ", miss)
    end
    println("weight and angle ", settings)
end
