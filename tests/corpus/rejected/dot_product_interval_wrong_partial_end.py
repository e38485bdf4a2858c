"""A dot product whose upper end starts from the lower end of the partial sum.

With a bias, both ends start from the same number and nothing shows until the second term.
"""

from dataclasses import replace

from refsem.ir.terms import maximum, minimum, variables
from refsem.rules import Derived, Outward
from refsem.rules.intervals import dot_product_interval

VARIANT_OF = "dot_product_interval"
REFUTED_BY = "dot_product_interval_wrong_partial_end/sound/upper"

ls, l, u, c = variables("ls l u c")
RULE = replace(
    dot_product_interval,
    name="dot_product_interval_wrong_partial_end",
    derived=(
        Derived("lo", ls + minimum(c * l, c * u), Outward.DOWN),
        Derived("hi", ls + maximum(c * l, c * u), Outward.UP),
    ),
)
