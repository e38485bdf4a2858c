"""A target's own form whose constant may be rounded up.

The form is an equality, read from both sides; a constant that is moved is right for one only.
"""

from dataclasses import replace

from refsem.ir.terms import term
from refsem.rules import Derived, Outward
from refsem.rules.forms import start_form

VARIANT_OF = "start_form"
REFUTED_BY = "start_form_movable/weaken/q"

RULE = replace(
    start_form,
    name="start_form_movable",
    derived=(Derived("q", term(0), Outward.UP),),
)
