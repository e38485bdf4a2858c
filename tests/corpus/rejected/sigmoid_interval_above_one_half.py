"""A wrong fact: the sigmoid is said to be above 1/2, as it is right of 0."""

from dataclasses import replace

from refsem.rules import function_facts as facts
from refsem.rules.sigmoids import sigmoid_interval

VARIANT_OF = "sigmoid_interval"
REFUTED_BY = "sigmoid_interval_above_one_half/fact/sigmoid_above_one_half"

WRONG = replace(
    facts.sigmoid_positive,
    name="sigmoid_above_one_half",
    conclusion=2 * facts.sigmoid_positive.conclusion.right > 1,
)
RULE = replace(
    sigmoid_interval,
    name="sigmoid_interval_above_one_half",
    cites=tuple(
        replace(cited, fact=WRONG) if cited.fact == facts.sigmoid_positive else cited
        for cited in sigmoid_interval.cites
    ),
)
