"""A constraint multiplied by a negative number as if that kept its direction."""

from dataclasses import replace

from refsem.rules.splits import weighted_constraint

VARIANT_OF = "weighted_constraint"
REFUTED_BY = "weighted_constraint_of_any_sign/sound/upper"

RULE = replace(
    weighted_constraint,
    name="weighted_constraint_of_any_sign",
    sides=weighted_constraint.sides[:1],
)
