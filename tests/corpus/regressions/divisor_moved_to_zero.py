"""A divisor was judged where the derived values before it are exact, and used where they had moved.

w = c·c + 1 is at least 1, so 1/w was found defined; but w is declared movable downward without
end, and the claim was shown to survive that under the premise, then unfounded, that w is not 0.
Divisors are now judged wherever the derived values before them may move.
"""

from refsem.ir.terms import variables
from refsem.rules import Claim, Derived, Outward, Rule

c, x, w, k = variables("c x w k")
RULE = Rule(
    name="divisor_moved_to_zero",
    operator=None,
    given=(c,),
    chosen=(),
    derived=(
        Derived("w", c * c + 1, Outward.DOWN),
        Derived("k", 1 / w, Outward.UP),
    ),
    point=(x,),
    sides=(),
    claims=(Claim("upper", x * x / w <= k * (x * x)),),
    because="k is at least 1/w and x·x is not negative",
    source="written for this regression",
)

OUTCOMES = {"defined/divisor_0": "refuted"}
