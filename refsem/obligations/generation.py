"""Generation: the obligations every rule gets for free, from its statement alone."""

from collections.abc import Iterator
from dataclasses import replace

from refsem.ir.terms import Relation, Term, divisors, free_variables, nonzero, relation_terms
from refsem.obligations.obligation import Definition, Expected, Kind, Obligation, Premise
from refsem.rules import Claim, Derived, Outward, Rule, Side


def rule_obligations(rule: Rule) -> tuple[Obligation, ...]:
    """Every obligation of a rule, in the order in which they depend on each other."""
    return (
        _inhabited(rule),
        *_defined(rule),
        *_sound(rule),
        *_weaken(rule),
        *_needed(rule),
        *_lift(rule),
    )


def _free(rule: Rule) -> tuple[str, ...]:
    return tuple(str(v.head) for v in (*rule.given, *rule.chosen, *rule.point))


def _premises(sides: tuple[Side, ...]) -> tuple[Premise, ...]:
    return tuple(Premise(side.name, side.relation) for side in sides)


def _definitions(rule: Rule, *, moved: bool) -> tuple[Definition, ...]:
    return tuple(
        Definition(value.name, value.term, value.outward if moved else Outward.EXACT)
        for value in rule.derived
    )


def _rule_divisors(rule: Rule) -> tuple[Term, ...]:
    """The divisors of the derived values and claims, in the order in which they are evaluated."""
    terms = [value.term for value in rule.derived]
    terms.extend(relation_terms(claim.relation for claim in rule.claims))
    return divisors(terms)


def _divisor_id(rule: Rule, index: int) -> str:
    return f"{rule.name}/{Kind.DEFINED.value}/divisor_{index}"


def _nonzero_divisors(rule: Rule) -> tuple[Premise, ...]:
    return tuple(
        Premise(f"divisor_{index}", nonzero(divisor))
        for index, divisor in enumerate(_rule_divisors(rule))
    )


def _inhabited(rule: Rule) -> Obligation:
    return Obligation(
        id=f"{rule.name}/inhabited",
        kind=Kind.INHABITED,
        free=_free(rule),
        definitions=_used_by(_side_terms(rule.sides), rule, moved=False),
        premises=_premises(rule.sides),
        goal=None,
        expected=Expected.PROVED,
        provenance="a point satisfies every side",
    )


def _defined(rule: Rule) -> Iterator[Obligation]:
    """One obligation a divisor, with only the divisors that come before it known to be non-zero.

    A derived value that itself divides by this divisor, or a side that mentions one, would assume
    what is to be shown. Derived values are moved outward here: a divisor must survive that too.
    """
    known = _nonzero_divisors(rule)
    for index, divisor in enumerate(_rule_divisors(rule)):
        sides = _sides_before(index, rule)
        yield Obligation(
            id=_divisor_id(rule, index),
            kind=Kind.DEFINED,
            free=_free(rule),
            definitions=_used_by((divisor, *_side_terms(sides)), rule, moved=True),
            premises=(*_premises(sides), *known[:index]),
            goal=nonzero(divisor),
            expected=Expected.PROVED,
            provenance="the divisor is non-zero under the sides, wherever derived values move",
            assumes=tuple(_divisor_id(rule, earlier) for earlier in range(index)),
        )


def _side_terms(sides: tuple[Side, ...]) -> tuple[Term, ...]:
    return tuple(relation_terms(side.relation for side in sides))


def _sides_before(index: int, rule: Rule) -> tuple[Side, ...]:
    """The sides that speak only of values for which the first `index` divisors suffice."""
    licensed = _rule_divisors(rule)[:index]

    def meaningful(side: Side) -> bool:
        used = _used_by(_side_terms((side,)), rule, moved=False)
        return all(divisor in licensed for divisor in divisors(value.term for value in used))

    return tuple(side for side in rule.sides if meaningful(side))


def _used_by(roots: tuple[Term, ...], rule: Rule, *, moved: bool) -> tuple[Definition, ...]:
    """The definitions of the derived values on which some terms depend, in order."""
    needed = set(free_variables(roots))
    kept = []
    for value in reversed(_definitions(rule, moved=moved)):
        if value.name in needed:
            kept.append(value)
            needed |= set(free_variables((value.term,)))
    return tuple(reversed(kept))


def _claim_obligation(rule: Rule, kind: Kind, what: str, claim: Claim, why: str) -> Obligation:
    return Obligation(
        id=f"{rule.name}/{kind.value}/{what}",
        kind=kind,
        free=_free(rule),
        definitions=_definitions(rule, moved=kind is Kind.WEAKEN),
        premises=(*_premises(rule.sides), *_nonzero_divisors(rule)),
        goal=claim.relation,
        expected=Expected.PROVED,
        provenance=why,
        assumes=tuple(_divisor_id(rule, index) for index in range(len(_rule_divisors(rule)))),
    )


def _sound(rule: Rule) -> Iterator[Obligation]:
    for claim in rule.claims:
        yield _claim_obligation(rule, Kind.SOUND, claim.name, claim, "the claim follows")


def _weaken(rule: Rule) -> Iterator[Obligation]:
    """One obligation a claim that leans on movable values, named after the last of them."""
    movable = [value for value in rule.derived if value.outward is not Outward.EXACT]
    last = {claim.name: _last_used(claim.relation, rule.derived, movable) for claim in rule.claims}
    used = list(last.values())
    for claim in rule.claims:
        name = last[claim.name]
        if name:
            what = name if used.count(name) == 1 else f"{name}/{claim.name}"
            yield _claim_obligation(
                rule, Kind.WEAKEN, what, claim, "the claim survives derived values moved outward"
            )


def _last_used(relation: Relation, derived: tuple[Derived, ...], movable: list[Derived]) -> str:
    """The last movable derived value on which a relation depends, directly or not."""
    needed = set(free_variables(relation_terms((relation,))))
    for value in reversed(derived):
        if value.name in needed:
            needed |= set(free_variables((value.term,)))
    names = [value.name for value in movable if value.name in needed]
    return names[-1] if names else ""


def _needed(rule: Rule) -> Iterator[Obligation]:
    """One obligation a side: its parts are `defined` and `sound` of the rule without the side."""
    for dropped in rule.sides:
        rest = replace(rule, sides=tuple(side for side in rule.sides if side is not dropped))
        yield Obligation(
            id=f"{rule.name}/needed/{dropped.name}",
            kind=Kind.NEEDED,
            free=_free(rule),
            definitions=(),
            premises=(),
            goal=None,
            expected=Expected.PROVED if dropped.stays else Expected.REFUTED,
            provenance=f"without {dropped.name!r} ({dropped.because})",
            parts=(*_defined(rest), *_sound(rest)),
        )


def _lift(rule: Rule) -> Iterator[Obligation]:
    if rule.lift:
        yield Obligation(
            id=f"{rule.name}/lift",
            kind=Kind.LIFT,
            free=(),
            definitions=(),
            premises=(),
            goal=None,
            expected=Expected.STATED,
            provenance=rule.lift,
        )
