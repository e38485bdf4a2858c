"""The tangent of the logarithm at any t, 0 too, though its slope is 1/t."""

from dataclasses import replace

from refsem.rules.exponentials import log_upper

VARIANT_OF = "log_upper"
REFUTED_BY = "log_upper_tangent_anywhere/defined/divisor_0"

RULE = replace(
    log_upper,
    name="log_upper_tangent_anywhere",
    sides=tuple(side for side in log_upper.sides if side.name != "tangent_positive"),
)
