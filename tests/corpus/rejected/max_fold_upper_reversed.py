"""The upper plane of a maximum over a form that bounds the partial maximum from below."""

from dataclasses import replace

from refsem.ir.terms import variables
from refsem.rules import BY_NAME, Side

VARIANT_OF = "max_fold_upper"
REFUTED_BY = "max_fold_upper_reversed/sound/upper"

q, m = variables("q m")
RIGHT = BY_NAME[VARIANT_OF]
RULE = replace(
    RIGHT,
    name="max_fold_upper_reversed",
    sides=(Side("form_above", q <= m, because="wrong: m <= q"), *RIGHT.sides[1:]),
)
