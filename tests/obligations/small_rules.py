"""Small rules made for one question each."""

from typing import Any

from refsem.ir.terms import Relation, Term, variables
from refsem.obligations.generation import rule_obligations
from refsem.obligations.obligation import Obligation
from refsem.rules import Claim, Derived, Outward, Rule, Side

a, d, p, q, r, x, y, z = variables("a d p q r x y z")


def side(name: str, relation: Relation, stays: str = "") -> Side:
    return Side(name, relation, because="", stays=stays)


def claiming(relation: Relation, *sides: Side, **changes: Any) -> Rule:  # noqa: ANN401
    """A rule named `small` with given a, d, point x, y, z and one claim named `claim`."""
    fields: dict[str, Any] = {
        "name": "small",
        "operator": None,
        "given": (a, d),
        "chosen": (),
        "derived": (),
        "point": (x, y, z),
        "sides": sides,
        "claims": (Claim("claim", relation),),
        "because": "",
        "source": "",
    }
    return Rule(**{**fields, **changes})


def derived(name: str, root: Term, outward: Outward) -> Derived:
    return Derived(name, root, outward)


def obligation(rule: Rule, what: str) -> Obligation:
    """The obligation of a rule with this id after the rule's name."""
    (found,) = (one for one in rule_obligations(rule) if one.id == f"{rule.name}/{what}")
    return found
