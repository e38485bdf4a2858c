"""A wrong fact: the logarithm is said to lie above its tangents."""

from dataclasses import replace

from refsem.ir.terms import Relation
from refsem.rules import function_facts as facts
from refsem.rules.exponentials import log_upper

VARIANT_OF = "log_upper"
REFUTED_BY = "log_upper_from_a_convex_log/fact/log_convex"

WRONG = replace(
    facts.log_tangent,
    name="log_convex",
    conclusion=Relation(
        facts.log_tangent.conclusion.comparison,
        facts.log_tangent.conclusion.right,
        facts.log_tangent.conclusion.left,
    ),
)
RULE = replace(
    log_upper,
    name="log_upper_from_a_convex_log",
    cites=tuple(
        replace(cited, fact=WRONG) if cited.fact == facts.log_tangent else cited
        for cited in log_upper.cites
    ),
)
