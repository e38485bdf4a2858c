"""A wrong fact: the cosine is said to stay nearer to its tangent than it does."""

from dataclasses import replace

from refsem.rules import function_facts as facts
from refsem.rules.trigonometric import cos_lower

VARIANT_OF = "cos_lower"
REFUTED_BY = "cos_lower_bending_less/fact/cos_flat_parabola"

WRONG = replace(
    facts.cos_parabola_below,
    name="cos_flat_parabola",
    conclusion=2 * facts.cos_parabola_below.conclusion.left
    <= facts.cos_parabola_below.conclusion.right,
)
RULE = replace(
    cos_lower,
    name="cos_lower_bending_less",
    cites=tuple(
        replace(cited, fact=WRONG) if cited.fact == facts.cos_parabola_below else cited
        for cited in cos_lower.cites
    ),
)
