"""Generation: the obligations every rule gets for free, from its statement alone."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from refsem.exact.functions import Function
from refsem.ir.terms import (
    Operator,
    Relation,
    Term,
    domain,
    free_variables,
    nonzero,
    relation_terms,
    subterms,
)
from refsem.obligations.obligation import Definition, Expected, Kind, Obligation, Premise
from refsem.rules import Claim, Derived, Outward, Rule, Side


def rule_obligations(rule: Rule) -> tuple[Obligation, ...]:
    """Every obligation of a rule, in the order in which they depend on each other."""
    return (
        _inhabited(rule),
        *_defined(rule),
        *_facts(rule),
        *_cited(rule),
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


def _needs(terms: Iterable[Term]) -> dict[Relation, str]:
    """What the terms need to have values, in the order of evaluation: relations and their kind."""
    found: dict[Relation, str] = {}
    for node in (node for root in terms for node in subterms(root)):
        if node.head is Operator.DIV:
            found.setdefault(nonzero(node.arguments[1]), "divisor")
        elif isinstance(node.head, Function):
            found.update(dict.fromkeys(domain(node), "domain"))
    return found


def _conditions(rule: Rule) -> tuple[Premise, ...]:
    """Everything the rule needs to be defined, in the order in which it is evaluated."""
    terms = [value.term for value in rule.derived]
    terms.extend(_side_terms(rule.sides))
    terms.extend(relation_terms(cited.conclusion for cited in rule.cites))
    terms.extend(relation_terms(claim.relation for claim in rule.claims))
    counts: Counter[str] = Counter()
    found = []
    for relation, kind in _needs(terms).items():
        found.append(Premise(f"{kind}_{counts[kind]}", relation))
        counts[kind] += 1
    return tuple(found)


def _id(rule: Rule, kind: Kind, *what: str) -> str:
    return "/".join((rule.name, kind.value, *what))


def _citations(rule: Rule) -> tuple[Premise, ...]:
    return tuple(Premise(cited.name, cited.conclusion, cited=True) for cited in rule.cites)


def _inhabited(rule: Rule) -> Obligation:
    return Obligation(
        id=f"{rule.name}/inhabited",
        kind=Kind.INHABITED,
        free=_free(rule),
        definitions=_used_by(_side_terms(rule.sides), rule, moved=False),
        premises=(*_premises(rule.sides), *_citations(rule)),
        goal=None,
        expected=Expected.PROVED,
        provenance="a point satisfies every side",
    )


def _defined(rule: Rule) -> Iterator[Obligation]:
    """One obligation a divisor or domain, with only those before it known to be as they must.

    A derived value that itself divides by this divisor, or a side that mentions one or applies
    the function, would assume what is to be shown. Derived values are moved outward here: a
    divisor must survive that too.
    """
    known = _conditions(rule)
    for index, condition in enumerate(known):
        sides = _sides_before(index, rule)
        relevant = (*relation_terms((condition.relation,)), *_side_terms(sides))
        yield Obligation(
            id=_id(rule, Kind.DEFINED, condition.name),
            kind=Kind.DEFINED,
            free=_free(rule),
            definitions=_used_by(relevant, rule, moved=True),
            premises=(*_premises(sides), *known[:index]),
            goal=condition.relation,
            expected=Expected.PROVED,
            provenance=_DEFINED_BECAUSE[condition.name.partition("_")[0]],
            assumes=tuple(_id(rule, Kind.DEFINED, earlier.name) for earlier in known[:index]),
        )


_DEFINED_BECAUSE = {
    "divisor": "the divisor is non-zero under the sides, wherever derived values move",
    "domain": "the function is applied inside its domain under the sides",
}


def _facts(rule: Rule) -> Iterator[Obligation]:
    """One obligation a fact: it is not shown here, but a point may contradict it."""
    for fact in dict.fromkeys(cited.fact for cited in rule.cites):
        yield Obligation(
            id=_id(rule, Kind.FACT, fact.name),
            kind=Kind.FACT,
            free=tuple(str(variable.head) for variable in fact.variables),
            definitions=(),
            premises=tuple(Premise(one.name, one.relation) for one in fact.premises),
            goal=fact.conclusion,
            expected=Expected.STATED,
            provenance=f"{fact.because}; {fact.source}; voucher {fact.voucher.value}",
        )


def _cited(rule: Rule) -> Iterator[Obligation]:
    """One obligation for each premise of a citation that is not itself a side."""
    sides = {side.relation for side in rule.sides}
    conditions = _conditions(rule)
    for cited in rule.cites:
        for premise in cited.premises:
            if premise.relation in sides:
                continue
            relevant = (*relation_terms((premise.relation,)), *_side_terms(rule.sides))
            yield Obligation(
                id=_id(rule, Kind.CITED, cited.name, premise.name),
                kind=Kind.CITED,
                free=_free(rule),
                definitions=_used_by(relevant, rule, moved=True),
                premises=(*_premises(rule.sides), *conditions),
                goal=premise.relation,
                expected=Expected.PROVED,
                provenance=f"the fact {cited.fact.name!r} applies",
                assumes=tuple(_id(rule, Kind.DEFINED, one.name) for one in conditions),
            )


def _side_terms(sides: tuple[Side, ...]) -> tuple[Term, ...]:
    return tuple(relation_terms(side.relation for side in sides))


def _sides_before(index: int, rule: Rule) -> tuple[Side, ...]:
    """The sides that speak only of values for which the first `index` conditions suffice."""
    licensed = {condition.relation for condition in _conditions(rule)[:index]}

    def meaningful(side: Side) -> bool:
        terms = _side_terms((side,))
        used = _used_by(terms, rule, moved=False)
        return _needs((*(value.term for value in used), *terms)).keys() <= licensed

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
        premises=(*_premises(rule.sides), *_conditions(rule), *_citations(rule)),
        goal=claim.relation,
        expected=Expected.PROVED,
        provenance=why,
        assumes=_assumed(rule),
    )


def _assumed(rule: Rule) -> tuple[str, ...]:
    """The obligations that license what a claim's premises add to the sides."""
    licensing = (*_defined(rule), *_cited(rule), *_facts(rule))
    return tuple(obligation.id for obligation in licensing)


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
    """One obligation a side: its parts are `defined`, `sound`, `cited` of the rule without it."""
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
            parts=(*_defined(rest), *_sound(rest), *_cited(rest)),
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
