"""An interval of quotients that does not ask whether the divisor may be 0."""

from dataclasses import replace

from refsem.rules import BY_NAME

VARIANT_OF = "division_interval_positive"
REFUTED_BY = "division_interval_positive_without_its_side/defined/divisor_0"

RIGHT = BY_NAME[VARIANT_OF]
RULE = replace(
    RIGHT,
    name="division_interval_positive_without_its_side",
    sides=RIGHT.sides[:4],
)
