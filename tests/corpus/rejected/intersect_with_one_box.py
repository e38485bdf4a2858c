"""The intersection of two boxes when x is only known to lie below the end of one of them.

Combining the bounds of two methods is right only where both speak of the same region.
"""

from dataclasses import replace

from refsem.rules.intervals import intersect

VARIANT_OF = "intersect"
REFUTED_BY = "intersect_with_one_box/sound/upper"

RULE = replace(
    intersect,
    name="intersect_with_one_box",
    sides=tuple(side for side in intersect.sides if side.name != "second_upper"),
)
