"""A line below ReLU that asks for a box it does not use.

Every user would have to supply what nobody needs, and readers would look for the reason. A side
is dropped, or says why it stays.
"""

from dataclasses import replace

from refsem.ir.terms import variables
from refsem.rules import Side
from refsem.rules.relu import relu_lower

VARIANT_OF = "relu_lower"
REFUTED_BY = "relu_lower_with_a_box/needed/lower_end"

l, x = variables("l x")
RULE = replace(
    relu_lower,
    name="relu_lower_with_a_box",
    given=(l,),
    sides=(*relu_lower.sides, Side("lower_end", l <= x, because="x lies in the box")),
)
