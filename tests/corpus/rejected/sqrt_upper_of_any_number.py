"""A wrong fact: the square root is said to square to its argument below 0 too.

It has no value there.
"""

from dataclasses import replace

from refsem.rules import function_facts as facts
from refsem.rules.roots import sqrt_upper

VARIANT_OF = "sqrt_upper"
REFUTED_BY = "sqrt_upper_of_any_number/fact/sqrt_square_everywhere"

WRONG = replace(
    facts.sqrt_square,
    name="sqrt_square_everywhere",
    premises=(),
)
RULE = replace(
    sqrt_upper,
    name="sqrt_upper_of_any_number",
    cites=tuple(
        replace(cited, fact=WRONG) if cited.fact == facts.sqrt_square else cited
        for cited in sqrt_upper.cites
    ),
)
