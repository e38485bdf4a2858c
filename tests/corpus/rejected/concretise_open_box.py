"""A form evaluated over a box of which one end was never established."""

from dataclasses import replace

from refsem.rules.forms import concretise

VARIANT_OF = "concretise"
REFUTED_BY = "concretise_open_box/sound/lower"

RULE = replace(
    concretise,
    name="concretise_open_box",
    sides=tuple(side for side in concretise.sides if side.name != "lower_end"),
)
