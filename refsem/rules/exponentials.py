"""Intervals and lines around exp, log and softplus.

Legend: as in `refsem.rules.lines`.
"""

from refsem.ir.operators import Op, meaning
from refsem.ir.terms import maximum
from refsem.rules import function_facts as facts
from refsem.rules import lines
from refsem.rules.lines import BOX, POSITIVE, b, k, l, t, u, vl, vt, vu, x
from refsem.rules.rule import Claim, Derived, Outward, Rule, Side

exp_interval = lines.interval(
    "exp_interval",
    Op.EXP,
    facts.exp_monotone,
    (),
    least=maximum(vl, 0),
    greatest=vu,
    ranges=(facts.exp_positive.at(x),),
)
exp_upper = lines.above_chord("exp_upper", Op.EXP, facts.exp_chord, facts.exp_monotone, ())
exp_lower = lines.below_tangent("exp_lower", Op.EXP, facts.exp_tangent, meaning(Op.EXP, t), ())

exp_lower_rounded = Rule(
    name="exp_lower_rounded",
    operator=Op.EXP,
    given=(l, vt),
    chosen=(t,),
    derived=(Derived("b", vt - vt * t, Outward.DOWN),),
    point=(x,),
    sides=(
        Side("lower_end", l <= x, because="x lies in the box"),
        Side("value_at_t", vt <= meaning(Op.EXP, t), because="the value at t, rounded down"),
        Side("tangent_nonnegative", t <= l + 1, because="below its zero a lesser slope is higher"),
    ),
    claims=(Claim("lower", vt * x + b <= meaning(Op.EXP, x)),),
    because="where 1 + x − t ≥ 0 a lesser factor makes less of it",
    source="design of this project: value and slope at t are one number, which may be rounded down",
    cites=(facts.exp_tangent.at(t, x),),
)

log_interval = lines.interval(
    "log_interval",
    Op.LOG,
    facts.log_monotone,
    (POSITIVE,),
    least=vl,
    greatest=vu,
    ranges=(),
)
log_lower = lines.below_chord("log_lower", Op.LOG, facts.log_chord, facts.log_monotone, (POSITIVE,))

log_upper = Rule(
    name="log_upper",
    operator=Op.LOG,
    given=(l, u, vt),
    chosen=(t, k),
    derived=(
        Derived(
            "b",
            vt - k * t + maximum((1 / t - k) * (l - t), (1 / t - k) * (u - t)),
            Outward.UP,
        ),
    ),
    point=(x,),
    sides=(
        *BOX,
        POSITIVE,
        Side("tangent_positive", t > 0, because="the function has a value only right of 0"),
        lines.value_above("value_at_t", vt, meaning(Op.LOG, t)),
    ),
    claims=(Claim("upper", meaning(Op.LOG, x) <= k * x + b),),
    because="the logarithm is below its tangent at t, of slope 1/t",
    source="CROWN (Zhang et al. 2018), tangent; intercept re-derived for any slope",
    cites=(facts.log_tangent.at(t, x),),
)

softplus_interval = lines.interval(
    "softplus_interval",
    Op.SOFTPLUS,
    facts.softplus_monotone,
    (),
    least=maximum(vl, 0),
    greatest=vu,
    ranges=(facts.softplus_positive.at(x),),
)
softplus_upper = lines.above_chord(
    "softplus_upper", Op.SOFTPLUS, facts.softplus_chord, facts.softplus_monotone, ()
)
softplus_lower = lines.below_tangent(
    "softplus_lower", Op.SOFTPLUS, facts.softplus_tangent, meaning(Op.SIGMOID, t), ()
)

RULES = (
    exp_interval,
    exp_upper,
    exp_lower,
    exp_lower_rounded,
    log_interval,
    log_lower,
    log_upper,
    softplus_interval,
    softplus_upper,
    softplus_lower,
)
