"""A multiplier below 0 accepted: the split constraint turned round."""

from dataclasses import replace

from refsem.rules.splits import multiplier_lower

VARIANT_OF = "multiplier_lower"
REFUTED_BY = "multiplier_lower_of_any_sign/sound/lower"

RULE = replace(
    multiplier_lower, name="multiplier_lower_of_any_sign", sides=multiplier_lower.sides[:1]
)
