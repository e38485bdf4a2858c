"""The interval of e^x with the values at the ends rounded inward, as rounding to nearest may."""

from dataclasses import replace

from refsem.ir.operators import Op, meaning
from refsem.rules.exponentials import exp_interval
from refsem.rules.lines import l, u, value_above, value_below, vl, vu

VARIANT_OF = "exp_interval"
REFUTED_BY = "exp_interval_ends_from_inside/sound/lower"

RULE = replace(
    exp_interval,
    name="exp_interval_ends_from_inside",
    sides=(
        *exp_interval.sides[:2],
        value_above("value_at_lower_end", vl, meaning(Op.EXP, l)),
        value_below("value_at_upper_end", vu, meaning(Op.EXP, u)),
    ),
)
