"""Sixty-four true statements about bounds, and some more: what the search is held against.

Legend: l, u ends of a box of x (lx, ux, ly, uy where there are two operands); s, t slopes; a a
leaky slope; b, d derived bounds, moved outward; p the point of a tangent; r, rl, ru, rp square
roots of x, l, u, p; c, k coefficients.
"""

from gmpy2 import mpq
from written_proofs import obligation

from refsem.ir.terms import (
    Relation,
    Term,
    equal,
    maximum,
    minimum,
    nonzero,
    select,
    variables,
)
from refsem.obligations.obligation import Definition, Obligation
from refsem.rules import Outward

a, b, c, d, k, l, p, s, t, u, w, x, y, z = variables("a b c d k l p s t u w x y z")
lx, ux, ly, uy, su, bu, sl, bl = variables("lx ux ly uy su bu sl bl")
r, rl, ru, rp = variables("r rl ru rp")

HALF, SIXTH = Term(mpq(1, 2)), Term(mpq(1, 6))

BOX = {"low": l <= x, "high": x <= u}
BOX_XY = {"low_x": lx <= x, "high_x": x <= ux, "low_y": ly <= y, "high_y": y <= uy}
STRADDLING = {**BOX, "below": l <= 0, "above": u >= 0}


def above(value: Term) -> tuple[Definition, ...]:
    """b is at least the term."""
    return (Definition("b", value, Outward.UP),)


def below(value: Term) -> tuple[Definition, ...]:
    """b is at most the term."""
    return (Definition("b", value, Outward.DOWN),)


def relu(v: Term) -> Term:
    return maximum(v, 0)


def leaky(v: Term) -> Term:
    return select(0, v, v, a * v)


def clip(v: Term, low: Term | int, high: Term | int) -> Term:
    return minimum(maximum(v, low), high)


def hard_sigmoid(v: Term) -> Term:
    return clip(SIXTH * v + HALF, 0, 1)


def hard_swish(v: Term) -> Term:
    return v * clip(v + 3, 0, 6) * SIXTH


def inside(v: int) -> Term:
    """A number moved into the box."""
    return minimum(maximum(v, l), u)


def greatest(*terms: Term) -> Term:
    """The greatest of some terms."""
    first, *rest = terms
    return maximum(first, greatest(*rest)) if rest else first


def least(*terms: Term) -> Term:
    """The least of some terms."""
    first, *rest = terms
    return minimum(first, least(*rest)) if rest else first


def any_slope(f: object, *breakpoints: int) -> tuple[Obligation, Obligation]:
    """A line of any slope above and below a piecewise linear function, by its value at corners."""
    assert callable(f)
    ends = (l, u, *(inside(one) for one in breakpoints))
    name = getattr(f, "__name__", "f")
    gaps = [f(end) - s * end for end in ends]
    return (
        obligation(f"{name}_any_slope_upper", BOX, f(x) <= s * x + b, above(greatest(*gaps))),
        obligation(f"{name}_any_slope_lower", BOX, s * x + b <= f(x), below(least(*gaps))),
    )


def relu6(v: Term) -> Term:
    return clip(v, 0, 6)


def hard_tanh(v: Term) -> Term:
    return clip(v, -1, 1)


def power(v: Term, n: int) -> Term:
    """v to the n."""
    return v if n == 1 else power(v, n - 1) * v


def cube_chord() -> Relation:
    return power(x, 3) <= (l * l + l * u + u * u) * (x - l) + power(l, 3)


def fourth_chord() -> Relation:
    return power(x, 4) <= (l + u) * (l * l + u * u) * (x - l) + power(l, 4)


def corners(f: object) -> list[Term]:
    """A function of two variables at the corners of their box."""
    assert callable(f)
    return [f(v, w_) for v in (lx, ux) for w_ in (ly, uy)]


def _piecewise() -> tuple[Obligation, ...]:
    low_gap, high_gap = leaky(l) - s * l, leaky(u) - s * u
    at_most_one, at_least_one = {"a": a <= 1}, {"a": a >= 1}
    chord = (u - a * l) / (u - l) * (x - l) + a * l
    swish = {**BOX, "least": l >= -3, "most": u <= 3}
    line = (2 * p + 3) * SIXTH * (x - p) + hard_swish(p)
    return (
        obligation(
            "relu_any_slope",
            BOX,
            relu(x) <= s * x + b,
            above(maximum(relu(l) - s * l, relu(u) - s * u)),
        ),
        obligation(
            "relu_triangle", {**STRADDLING, "width": l < u}, relu(x) <= u / (u - l) * (x - l)
        ),
        obligation("relu_alpha", {"s0": s >= 0, "s1": s <= 1}, s * x <= relu(x)),
        obligation(
            "leaky_any_slope",
            {**BOX, **at_most_one},
            leaky(x) <= s * x + b,
            above(maximum(low_gap, high_gap)),
        ),
        obligation(
            "leaky_triangle", {**STRADDLING, **at_most_one, "width": l < u}, leaky(x) <= chord
        ),
        obligation("leaky", {"sa": a <= s, "s1": s <= 1}, s * x <= leaky(x)),
        obligation("prelu", {"sa": s <= a, "s1": s >= 1}, leaky(x) <= s * x),
        obligation(
            "prelu_any_slope",
            {**BOX, **at_least_one},
            s * x + b <= leaky(x),
            below(minimum(low_gap, high_gap)),
        ),
        obligation(
            "abs_any_slope",
            BOX,
            abs(x) <= s * x + b,
            above(maximum(abs(l) - s * l, abs(u) - s * u)),
        ),
        obligation("abs", {"s0": s >= -1, "s1": s <= 1}, s * x <= abs(x)),
        obligation(
            "max_plane", {"s0": s >= 0, "s1": s <= 1}, s * x + (1 - s) * y <= maximum(x, y)
        ),
        obligation(
            "max_any_plane",
            BOX_XY,
            maximum(x, y) <= s * x + t * y + b,
            above(greatest(*corners(lambda v, w_: maximum(v, w_) - s * v - t * w_))),
        ),
        obligation("max_interval", BOX_XY, maximum(x, y) <= b, above(maximum(ux, uy))),
        obligation(
            "min_plane", {"s0": s >= 0, "s1": s <= 1}, minimum(x, y) <= s * x + (1 - s) * y
        ),
        *any_slope(relu6, 0, 6),
        *any_slope(hard_tanh, -1, 1),
        *any_slope(hard_sigmoid, -3, 3),
        obligation(
            "hard_swish_chord",
            swish,
            hard_swish(x) <= (l + u + 3) * SIXTH * (x - l) + hard_swish(l),
        ),
        obligation(
            "hard_swish_tangent", {**swish, "p0": p >= -3, "p1": p <= 3}, line <= hard_swish(x)
        ),
        obligation("hard_swish_low_tangent", {"p0": 2 * p >= -3, "p1": 2 * p <= 3},
                   line <= hard_swish(x)),
        obligation("hard_swish_constant", {}, Term(mpq(-3, 8)) <= hard_swish(x)),
    )  # fmt: skip


def _arithmetic() -> tuple[Obligation, ...]:
    products, quotients = corners(lambda v, w_: v * w_), corners(lambda v, w_: v / w_)
    quotient = {**BOX_XY, "positive": ly > 0}
    reciprocal = {**BOX, "positive": l > 0}
    return (
        obligation("add", BOX_XY, x + y <= b, above(ux + uy)),
        obligation("sub", BOX_XY, x - y <= b, above(ux - ly)),
        obligation("scale_upper", BOX, c * x <= b, above(maximum(c * l, c * u))),
        obligation("scale_lower", BOX, b <= c * x, below(minimum(c * l, c * u))),
        obligation("product_upper", BOX_XY, x * y <= b, above(greatest(*products))),
        obligation("product_lower", BOX_XY, b <= x * y, below(least(*products))),
        obligation("mccormick_ll", BOX_XY, ly * x + lx * y - lx * ly <= x * y),
        obligation("mccormick_uu", BOX_XY, uy * x + ux * y - ux * uy <= x * y),
        obligation("mccormick_ul", BOX_XY, x * y <= ly * x + ux * y - ux * ly),
        obligation("mccormick_lu", BOX_XY, x * y <= uy * x + lx * y - lx * uy),
        obligation("division_upper", quotient, x / y <= b, above(greatest(*quotients))),
        obligation("division_lower", quotient, b <= x / y, below(least(*quotients))),
        obligation("reciprocal_chord", reciprocal, 1 / x <= 1 / l + 1 / u - x / (l * u)),
        obligation("reciprocal_tangent", {"x": x > 0, "p": p > 0}, 2 / p - x / (p * p) <= 1 / x),
        obligation(
            "reciprocal_tangent_weakened",
            {"x": x > 0, "p": p > 0, "s": s * p * p <= -1},
            s * x + b <= 1 / x,
            below(2 / p),
        ),
    )


def _powers() -> tuple[Obligation, ...]:
    nonnegative = {**BOX, "sign": l >= 0}
    roots = {
        "x": equal(r * r, x),
        "l": equal(rl * rl, l),
        "u": equal(ru * ru, u),
        "r": r >= 0,
        "rl": rl >= 0,
        "ru": ru >= 0,
    }
    root = {**BOX, **roots}
    chord = rl + (ru - rl) / (u - l) * (x - l)
    return (
        obligation("square_chord", BOX, x * x <= (l + u) * x - l * u),
        obligation(
            "square_any_slope_upper",
            BOX,
            x * x <= s * x + b,
            above(maximum(l * l - s * l, u * u - s * u)),
        ),
        obligation("square_tangent", {}, 2 * p * x - p * p <= x * x),
        obligation("square_any_slope_lower", {}, s * x + b <= x * x, below(-(s * s) / 4)),
        obligation("cube_chord", nonnegative, cube_chord()),
        obligation("cube_chord_wider", {**BOX, "sum": 2 * l + u >= 0}, cube_chord()),
        obligation(
            "cube_any_slope",
            nonnegative,
            power(x, 3) <= s * x + b,
            above(maximum(power(l, 3) - s * l, power(u, 3) - s * u)),
        ),
        obligation(
            "cube_tangent",
            {"x": x >= 0, "p": p >= 0},
            3 * p * p * x - 2 * power(p, 3) <= power(x, 3),
        ),
        obligation(
            "cube_tangent_wider",
            {"low": l <= x, "sum": l + 2 * p >= 0},
            3 * p * p * x - 2 * power(p, 3) <= power(x, 3),
        ),
        obligation("cube_monotone", {"high": x <= u}, power(x, 3) <= b, above(power(u, 3))),
        obligation("fourth_chord", BOX, fourth_chord()),
        obligation("fourth_chord_nonnegative", nonnegative, fourth_chord()),
        obligation("fourth_tangent", {}, 4 * power(p, 3) * x - 3 * power(p, 4) <= power(x, 4)),
        obligation(
            "fourth_interval", BOX, power(x, 4) <= b, above(maximum(power(l, 4), power(u, 4)))
        ),
        obligation("sqrt_chord", {**root, "width": l < u}, chord <= r),
        obligation(
            "sqrt_tangent",
            {"x": equal(r * r, x), "p": equal(rp * rp, p), "rp": rp > 0},
            r <= rp + (x - p) / (2 * rp),
        ),
        obligation("sqrt_monotone", root, r <= ru),
        obligation("sqrt_monotone_positive", {**root, "positive": l > 0}, r <= ru),
        obligation(
            "sqrt_chord_substituted",
            {"low": rl <= r, "high": r <= ru, "sign": rl >= 0, "width": rl < ru},
            rl + (r * r - rl * rl) / (rl + ru) <= r,
        ),
    )


def _forms() -> tuple[Obligation, ...]:
    lines = {"upper": y <= su * x + bu, "lower": sl * x + bl <= y}
    reslope = maximum((c - k) * l, (c - k) * u)
    crown = Definition("d", maximum(relu(l) - t * l, relu(u) - t * u), Outward.UP)
    step = maximum(c, 0) * d
    return (
        obligation("reslope", BOX, c * x <= k * x + b, above(reslope)),
        obligation(
            "concretise",
            {**BOX, "form": y <= su * x + bu},
            y <= b,
            above(maximum(su * l, su * u) + bu),
        ),
        obligation(
            "concretise_two",
            {**BOX_XY, "form": z <= s * x + t * y + d},
            z <= b,
            above(maximum(s * lx, s * ux) + maximum(t * ly, t * uy) + d),
        ),
        obligation(
            "crown_relu_step",
            {**BOX, "s0": s >= 0, "s1": s <= 1},
            c * relu(x) <= (maximum(c, 0) * t + minimum(c, 0) * s) * x + b,
            (crown, Definition("b", step, Outward.UP)),
        ),
        obligation(
            "compose",
            {"first": y <= s * x + b, "second": z <= t * y + d, "sign": t >= 0},
            z <= t * s * x + t * b + d,
        ),
        obligation(
            "compose_by_sign",
            {**lines, "second": z <= t * y + d},
            z <= (maximum(t, 0) * su + minimum(t, 0) * sl) * x
            + maximum(t, 0) * bu + minimum(t, 0) * bl + d,
        ),
    )  # fmt: skip


CORPUS = (*_piecewise(), *_arithmetic(), *_powers(), *_forms())

HARDER = (
    obligation(
        "division_any_sign",
        {**BOX_XY, "order": lx <= ux, "apart": ly * uy > 0},
        x / y <= b,
        above(greatest(*corners(lambda v, w_: v / w_))),
    ),
    obligation("reciprocal_any_sign", {**BOX, "apart": l * u > 0}, 1 / x <= b, above(1 / l)),
    obligation("division_by_apart", {"apart": nonzero(y), "order": lx <= x}, lx * y / y <= x),
    obligation("scaled_by_apart", {"apart": nonzero(y)}, select(0, y, 0, 1 / y) <= 0),
    obligation(
        "hard_swish_any_slope",
        BOX,
        hard_swish(x) <= s * x + b,
        above(greatest(*(hard_swish(end) - s * end for end in (l, u, inside(-3), inside(3))))),
    ),
)
