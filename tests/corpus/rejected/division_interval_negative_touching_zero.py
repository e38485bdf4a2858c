"""An interval of quotients whose divisor may be 0, just."""

from dataclasses import replace

from refsem.ir.terms import variables
from refsem.rules import BY_NAME, Side

VARIANT_OF = "division_interval_negative"
REFUTED_BY = "division_interval_negative_touching_zero/defined/divisor_1"

(uy,) = variables("uy")
RIGHT = BY_NAME[VARIANT_OF]
RULE = replace(
    RIGHT,
    name="division_interval_negative_touching_zero",
    sides=(*RIGHT.sides[:4], Side("negative", uy <= 0, because="wrong: uy < 0")),
)
