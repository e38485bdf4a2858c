"""The logarithm over a box that may reach 0 and below, where it has no value."""

from dataclasses import replace

from refsem.rules.exponentials import log_interval

VARIANT_OF = "log_interval"
REFUTED_BY = "log_interval_from_zero/defined/domain_0"

RULE = replace(
    log_interval,
    name="log_interval_from_zero",
    sides=tuple(side for side in log_interval.sides if side.name != "positive"),
)
