"""The lower average of a maximum over a form that bounds the partial maximum from above."""

from dataclasses import replace

from refsem.ir.terms import variables
from refsem.rules import BY_NAME, Side

VARIANT_OF = "max_fold_lower"
REFUTED_BY = "max_fold_lower_reversed/sound/lower"

p, m = variables("p m")
RIGHT = BY_NAME[VARIANT_OF]
RULE = replace(
    RIGHT,
    name="max_fold_lower_reversed",
    sides=(Side("form_below", m <= p, because="wrong: p <= m"), *RIGHT.sides[1:]),
)
