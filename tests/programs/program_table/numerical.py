"""Numerical methods whose number of steps depends on the numbers."""

import numpy as np
from program_table.program import Program, dense
from scipy.integrate import solve_ivp
from scipy.optimize import brentq, least_squares
from scipy.special import erf
from scipy.stats import norm


def newton(p, a):
    """√a, and the iterations of Heron's rule until a·(1 ± 1e-10) is met."""
    x, iterations = max(a, 1.0), 0
    while abs(x * x - a) > 1e-10 * a:
        x, iterations = (x + a / x) / 2, iterations + 1
    return np.sqrt(a), np.int64(iterations)


NEWTON = Program("newton.jl",
                 "root",
                 "roots",
                 lambda rng: [(a,) for a in rng.uniform(0.1, 50, 7)],
                 newton,
                 least=lambda: (1.0,),
                 smooth=False,
                 largest=lambda: (1e12,),
                 gradient="root_slope",
                 gradients="root_slopes",
                 objective=lambda p, a: np.sqrt(a),
                 tolerance=1e-9)


def cubic_root(p, a, b):
    return brentq(lambda x: x**3 + a * x - b, -abs(b) - 1, abs(b) + 1, xtol=1e-14)


BISECTION = Program("bisection.jl",
                    "root",
                    "roots",
                    lambda rng: list(zip(rng.uniform(0.1, 5, 6), rng.uniform(-30, 30, 6), strict=True)),
                    lambda p, a, b: (cubic_root(p, a, b),),
                    least=lambda: (1.0, 0.0),
                    largest=lambda: (0.01, 1e6),
                    gradient="root_gradient",
                    gradients="root_gradients",
                    objective=cubic_root,
                    of=(0, 1),
                    tolerance=1e-9)


def field(p):
    return lambda t, u: dense(p, "model.layers.2", np.tanh(dense(p, "model.layers.1", u)))


def flow(p, u, span):
    return solve_ivp(field(p), (0, span), u, rtol=1e-10, atol=1e-10).y[:, -1]


def _ode_examples(rng):
    return [(rng.normal(size=2), span) for span in rng.uniform(0.1, 2, 5)]


def _ode_batch(rng):
    us, spans = rng.normal(size=(16, 2)), rng.uniform(0.2, 1, 16)
    turn = [
        np.exp(-0.3 * t) *
        np.array([[np.cos(2 * t), -np.sin(2 * t)], [np.sin(2 * t), np.cos(2 * t)]]) for t in spans
    ]
    return list(us), list(spans), [r @ u for r, u in zip(turn, us, strict=True)]


NEURAL_ODE = Program("neural_ode.jl",
                     "trajectory",
                     "trajectories",
                     _ode_examples,
                     lambda p, u, span: (flow(p, u, span),),
                     least=lambda: (np.ones(2), 0.0),
                     largest=lambda: (np.array([2.0, -1.0]), 12.0),
                     loss="(m, u, span) -> sum(abs2, solve(m, u, span; rtol = 1e-9, atol = 1e-9)[1])",
                     model_objective=lambda p, u, span: np.sum(flow(p, u, span)**2),
                     loss_entry="trajectories",
                     loss_batch=lambda rng: list(zip(*_ode_examples(rng), strict=True)),
                     train="train_step",
                     batch=_ode_batch,
                     steps=40,
                     falls=0.5,
                     tolerance=2e-3)


def cart_pole_step(state, push):
    """The equations of motion of Barto, Sutton & Anderson (1983), without friction."""
    x, v, angle, turn = state
    g, pole, total, half = 9.8, 0.1, 1.1, 0.5
    sine, cosine = np.sin(angle), np.cos(angle)
    temporary = (10 * push + pole * half * turn**2 * sine) / total
    turning = (g * sine - cosine * temporary) / (half * (4 / 3 - pole * cosine**2 / total))
    moving = temporary - pole * half * turning * cosine / total
    return np.array([x + 0.02 * v, v + 0.02 * moving, angle + 0.02 * turn, turn + 0.02 * turning])


def simulate(policy, state, most):
    steps, cost = 0, 0.0
    while steps < most:
        state = cart_pole_step(state, policy(state))
        steps += 1
        cost += 10 * state[2]**2 + 0.1 * state[0]**2
        if abs(state[0]) > 2.4 or abs(state[2]) > np.radians(12):
            break
    return np.int64(steps), cost / steps


def cart_policy(p):
    return lambda s: np.tanh(dense(p, "model.layers.2", np.tanh(dense(p, "model.layers.1", s))))[0]


CART_POLE = Program("cart_pole.jl",
                    "run_policy",
                    "run_policies",
                    lambda rng: [(0.1 * rng.normal(size=4), np.int64(most)) for most in (1, 5, 17, 40, 12)],
                    lambda p, state, most: simulate(cart_policy(p), state, most),
                    least=lambda: (np.zeros(4), np.int64(1)),
                    largest=lambda: (np.array([0, 0, 0.01, 0]), np.int64(400)),
                    loss="(m, s, n) -> simulate(policy(m), s, n)[2]",
                    model_objective=lambda p, state, most: simulate(cart_policy(p), state, most)[1],
                    loss_entry="run_policies",
                    loss_batch=lambda rng:
                    (list(0.1 * rng.normal(size=(3, 4))), [np.int64(n) for n in (7, 1, 20)]),
                    train="train_step",
                    batch=lambda rng: (list(0.1 * rng.normal(size=(16, 4))), np.int64(40)),
                    steps=40,
                    falls=0.9,
                    tolerance=1e-9)


def shoot(p, weight, release):
    """The two phases by the midpoint rule with steps of 0.01 s, and the events on straight lines."""
    g, short, long, h, drag = 9.81, 1.0, 4.0, 0.01, 0.01

    def acceleration(angle):
        return g * np.cos(angle) * (weight * short - long) / (weight * short**2 + long**2)

    angle, speed = -0.5, 0.0
    while angle < release:
        angle, speed = (angle + h * (speed + h / 2 * acceleration(angle)),
                        speed + h * acceleration(angle + h / 2 * speed))
    angle -= (angle - release) / speed * speed
    place = np.array([-long * np.cos(angle), 3 + long * np.sin(angle)])
    velocity = long * speed * np.array([np.sin(angle), np.cos(angle)])
    time = 0.0

    def falling(v):
        return -drag * np.hypot(*v) * v - np.array([0, g])

    while place[1] > 0:
        middle = velocity + h / 2 * falling(velocity)
        velocity = velocity + h * falling(middle)
        place, time = place + h * middle, time + h
    back = place[1] / velocity[1]
    return place[0] - back * velocity[0], time - back


TREBUCHET = Program("trebuchet.jl",
                    "throw_stone",
                    "throw_stones",
                    lambda rng: list(zip(rng.uniform(8, 40, 5), rng.uniform(0.2, 1.2, 5), strict=True)),
                    shoot,
                    least=lambda: (30.0, -0.45),
                    largest=lambda: (200.0, 0.7),
                    gradient="slope",
                    gradients="slopes",
                    objective=lambda p, w, r: shoot(p, w, r)[0],
                    of=(0, 1),
                    train="aim_step",
                    batch=lambda rng: (20.0,),
                    steps=60,
                    falls=0.5,
                    tolerance=1e-9)


def equilibrium(p, w, u):
    z = np.zeros_like(u)
    for _ in range(2000):
        z = np.tanh(z @ w + u)
    return z


def equilibrium_loss(p, x, y):
    z = equilibrium(p, p["model.W"], dense(p, "model.input", x))
    return (dense(p, "model.output", z)[0] - y)**2


W = 0.2 * np.random.default_rng(5).normal(size=(6, 6))

FIXED_POINT = Program("fixed_point.jl",
                      "solve",
                      "solve_all",
                      lambda rng: [(rng.normal(size=6),) for _ in range(5)],
                      lambda p, w, u: (equilibrium(p, w, u),),
                      shared=(W,),
                      least=lambda: (np.zeros(6),),
                      largest=lambda: (20 * np.ones(6),),
                      gradient="solve_gradient",
                      gradients="solve_gradients",
                      objective=lambda p, w, u: np.sum(equilibrium(p, w, u)**2),
                      of=(0, 1),
                      loss="loss",
                      model_objective=equilibrium_loss,
                      train="train_step",
                      batch=lambda rng: (lambda x: (list(x), list(np.sin(x[:, 0]) * x[:, 1])))
                      (rng.normal(size=(32, 3))),
                      falls=0.8,
                      tolerance=1e-9)



def filtered(p, zs):
    """The filter in the form of Joseph, and the likelihood of each observation given those before."""
    acceleration, seen = np.exp(p["noise"])
    motion, h = np.array([[1, 0.1], [0, 1]]), np.array([1.0, 0])
    x, cov, means, total = np.zeros(2), np.eye(2), np.zeros((len(zs), 2)), 0.0
    for t, z in enumerate(zs):
        x = motion @ x
        cov = motion @ cov @ motion.T + acceleration * np.array([[0.1**3 / 3, 0.005], [0.005, 0.1]])
        variance = cov[0, 0] + seen
        total += norm.logpdf(z, x[0], np.sqrt(variance))
        gain = cov[:, 0] / variance
        x = x + gain * (z - x[0])
        rest = np.eye(2) - np.outer(gain, h)
        cov = rest @ cov @ rest.T + seen * np.outer(gain, gain)
        means[t] = x
    return means, total


def _walks(rng):
    return [(np.cumsum(0.1 * rng.normal(size=n)),) for n in (6, 1, 9, 4)]


KALMAN = Program("kalman_filter.jl",
                 "track",
                 "tracks",
                 _walks,
                 filtered,
                 least=lambda: (np.zeros(0),),
                 largest=lambda: (np.sin(np.arange(80.0)),),
                 gradient="slope",
                 gradients="slopes",
                 objective=lambda p, zs: filtered(p, zs)[1],
                 train="train_step",
                 batch=lambda rng: ([walk for (walk,) in _walks(rng)],),
                 steps=60,
                 falls=0.7,
                 tolerance=1e-9)


def fitted(p, ts, ys):
    """The least squares of amplitude · exp(-rate · t): where the gradient is zero, by Newton's method from
    what scipy finds."""
    q = least_squares(lambda q: q[0] * np.exp(-q[1] * ts) - ys, [1.0, 1.0]).x
    for _ in range(4):
        shape = np.exp(-q[1] * ts)
        slopes, rest = np.stack([shape, -q[0] * ts * shape], 1), q[0] * shape - ys
        mixed, bend = -(rest * ts * shape).sum(), (rest * q[0] * ts**2 * shape).sum()
        q = q - np.linalg.solve(slopes.T @ slopes + np.array([[0, mixed], [mixed, bend]]), slopes.T @ rest)
    return q


def _decays(rng):
    return [(ts := np.sort(rng.uniform(0, 3, n)),
             rng.uniform(1, 3) * np.exp(-rng.uniform(0.5, 2) * ts) + 0.01 * rng.normal(size=n))
            for n in (6, 4, 9, 5)]


CURVE_FIT = Program("curve_fit.jl",
                    "fit_one",
                    "fit_all",
                    _decays,
                    lambda p, ts, ys: (fitted(p, ts, ys),),
                    largest=lambda: (np.linspace(0, 4, 50), 2 * np.exp(-np.linspace(0, 4, 50))),
                    gradient="sensitivity_of_one",
                    gradients="sensitivities",
                    objective=lambda p, ts, ys: fitted(p, ts, ys).sum(),
                    of=(1,),
                    tolerance=1e-6)


def bell_area(p, a, b, scale):
    root = np.sqrt(scale)
    return np.sqrt(np.pi) / (2 * root) * (erf(root * b) - erf(root * a))


QUADRATURE = Program("quadrature.jl",
                     "integral",
                     "integrals",
                     lambda rng: [(rng.uniform(-2, 0), rng.uniform(0, 3), rng.uniform(0.1, 4))
                                  for _ in range(5)],
                     lambda p, a, b, scale: (bell_area(p, a, b, scale),),
                     least=lambda: (1.0, 1.0, 2.0),
                     largest=lambda: (-30.0, 29.0, 5.0),
                     gradient="slope",
                     gradients="slopes",
                     objective=bell_area,
                     of=(0, 1, 2),
                     tolerance=1e-8)

PROGRAMS = [NEWTON, BISECTION, NEURAL_ODE, CART_POLE, TREBUCHET, FIXED_POINT, KALMAN, CURVE_FIT, QUADRATURE]
