"""A wrong fact: tanh is said to be as steep as at the lower end throughout the box."""

from dataclasses import replace

from refsem.rules import function_facts as facts
from refsem.rules.sigmoids import tanh_parallel

VARIANT_OF = "tanh_parallel"
REFUTED_BY = "tanh_parallel_steep_at_one_end/fact/tanh_steep_at_lower_end"

WRONG = replace(
    facts.tanh_least_slope,
    name="tanh_steep_at_lower_end",
    premises=facts.tanh_least_slope.premises[:-1],
)
RULE = replace(
    tanh_parallel,
    name="tanh_parallel_steep_at_one_end",
    cites=tuple(
        replace(cited, fact=WRONG) if cited.fact == facts.tanh_least_slope else cited
        for cited in tanh_parallel.cites
    ),
)
