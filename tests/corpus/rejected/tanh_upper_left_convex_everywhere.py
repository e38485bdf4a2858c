"""A wrong fact: tanh is said to be convex everywhere, its premise lost."""

from dataclasses import replace

from refsem.rules import function_facts as facts
from refsem.rules.sigmoids import tanh_upper_left

VARIANT_OF = "tanh_upper_left"
REFUTED_BY = "tanh_upper_left_convex_everywhere/fact/tanh_convex_everywhere"

WRONG = replace(
    facts.tanh_chord_left,
    name="tanh_convex_everywhere",
    premises=facts.tanh_chord_left.premises[:-1],
)
RULE = replace(
    tanh_upper_left,
    name="tanh_upper_left_convex_everywhere",
    cites=tuple(
        replace(cited, fact=WRONG) if cited.fact == facts.tanh_chord_left else cited
        for cited in tanh_upper_left.cites
    ),
)
