"""A wrong fact: e^x is said to lie below its tangents."""

from dataclasses import replace

from refsem.ir.terms import Relation
from refsem.rules import function_facts as facts
from refsem.rules.exponentials import exp_lower

VARIANT_OF = "exp_lower"
REFUTED_BY = "exp_lower_from_a_concave_exp/fact/exp_concave"

WRONG = replace(
    facts.exp_tangent,
    name="exp_concave",
    conclusion=Relation(
        facts.exp_tangent.conclusion.comparison,
        facts.exp_tangent.conclusion.right,
        facts.exp_tangent.conclusion.left,
    ),
)
RULE = replace(
    exp_lower,
    name="exp_lower_from_a_concave_exp",
    cites=tuple(
        replace(cited, fact=WRONG) if cited.fact == facts.exp_tangent else cited
        for cited in exp_lower.cites
    ),
)
