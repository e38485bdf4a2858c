"""The records of an audit: rules used, applications replayed, cases judged.

Each says what was established and on what it relies; a claim is the verdict on its case.
"""

from collections.abc import Iterator

from refsem.audit.boxes import BoxProof
from refsem.audit.branching import SplitProof
from refsem.audit.findings import RegionAudit
from refsem.audit.signs import SignProof
from refsem.obligations.discharge import DEFAULT_LIMITS, audit_rule
from refsem.obligations.obligation import (
    By,
    Exact,
    Expected,
    Kind,
    Obligation,
    Outcome,
    Point,
    Proved,
    Record,
    Refuted,
    Unknown,
)
from refsem.properties.sign_trees import RULES as SIGN_RULES
from refsem.rules import BY_NAME, Rule, enclosed
from refsem.rules.facts import Voucher
from refsem.rules.leaves import RULES as LEAF_RULES
from refsem.rules.propagation import Propagation


def audit_records(regions: tuple[RegionAudit, ...]) -> Iterator[Record]:
    """Of some regions the obligations of the rules used, of every application, and the cases."""
    used = {a.rule for r in regions for a in r.propagation.replay.applications}
    for region in regions:
        if region.proof is not None:
            used |= _leaf_rules(region.proof)
    for name in sorted(used):
        yield from audit_rule(BY_NAME[name], DEFAULT_LIMITS)
    for number, region in enumerate(regions):
        yield from _instances(number, region.propagation)
        if region.proof is not None:
            yield _tree(number, region.proof)
        yield from _cases(number, region)


def _obligation(identity: str, kind: Kind, provenance: str, assumes: tuple[str, ...]) -> Obligation:
    return Obligation(
        id=identity,
        kind=kind,
        free=(),
        definitions=(),
        premises=(),
        goal=None,
        expected=Expected.PROVED,
        provenance=provenance,
        assumes=assumes,
    )


def instance_id(region: int, application: int) -> str:
    """The id of the instance obligation of one application."""
    return f"instance/{region}/{application}"


def _instances(number: int, state: Propagation) -> Iterator[Record]:
    """Every application was established by the replay, or there would be no audit."""
    for index, application in enumerate(state.replay.applications):
        suppliers = tuple(instance_id(number, i) for i in application.suppliers.values())
        rule = BY_NAME[application.rule]
        relying = (*(f"{rule.name}/sound/{claim.name}" for claim in rule.claims), *_stated(rule))
        yield Record(
            _obligation(
                instance_id(number, index),
                Kind.INSTANCE,
                f"{application.rule} at {application.node!r}",
                suppliers,
            ),
            Proved(By.INSTANCE, Exact(_how(rule)), relying),
        )


def _how(rule: Rule) -> str:
    """What was compared when an application of the rule was established."""
    if rule in enclosed.RULES:
        return "bounds over the box are ends of balls on pieces of it; derived values moved outward"
    if rule.cites:
        return "sides hold and cited facts are vouched for, by balls; derived values moved outward"
    return "sides hold; derived values recomputed exactly"


def _stated(rule: Rule) -> Iterator[str]:
    """The facts that a rule cites and nothing vouches for."""
    for fact in dict.fromkeys(cited.fact for cited in rule.cites):
        if fact.voucher is Voucher.STATED:
            yield f"{rule.name}/fact/{fact.name}"


def tree_id(region: int) -> str:
    """The id of the instance obligation of a region's split tree."""
    return f"instance/{region}/tree"


def _leaf_rules(proof: SplitProof | SignProof | BoxProof) -> frozenset[str]:
    if isinstance(proof, BoxProof):
        return proof.rules
    return LEAF_RULES if isinstance(proof, SplitProof) else SIGN_RULES


def _tree(number: int, proof: SplitProof | SignProof | BoxProof) -> Record:
    """Every leaf was established, or there would be no proof."""
    relying = tuple(
        f"{name}/sound/{claim.name}"
        for name in sorted(_leaf_rules(proof))
        for claim in BY_NAME[name].claims
    )
    if isinstance(proof, BoxProof):
        why = f"{proof.leaves} leaves tile the region; the replay established each"
    else:
        why = _how_leaves(proof)
    obligation = _obligation(tree_id(number), Kind.INSTANCE, "every leaf of a split tree", ())
    return Record(obligation, Proved(By.INSTANCE, Exact(why), relying))


def _how_leaves(proof: SplitProof | SignProof) -> str:
    return (
        f"{proof.leaves} leaves tile the region; each was established in integers inside floats, "
        f"{proof.reviewed} of them again by the replay"
        if isinstance(proof, SplitProof)
        else f"{proof.leaves} leaves take both signs of each neuron split, each by the replay"
    )


def _cases(number: int, region: RegionAudit) -> Iterator[Record]:
    state = region.propagation
    index = state.boxes[region.claims.target]
    for case, _ in region.claims.cases:
        outcome: Outcome = Unknown("bounds leave it open and no counterexample was found")
        if case in region.witnesses:
            point = region.witnesses[case].inputs
            named = tuple((f"X_{i}", value) for i, value in enumerate(point))
            outcome = Refuted(Point(named, f"case {case} is empty"))
        elif case in region.shown:
            row = region.shown[case]
            bound = state.replay.box(index).lower.rational(0, row)
            where = "the box and its ball" if region.claims.region.balls else "the box"
            why = f"row {row} is at least {bound} throughout {where}"
            outcome = Proved(By.INSTANCE, Exact(why), (instance_id(number, index),))
        elif region.proof is not None:
            why = "a row is above its bound in every leaf of the split tree"
            outcome = Proved(By.INSTANCE, Exact(why), (tree_id(number),))
        elif region.branched is not None:
            outcome = Unknown(f"branch and bound left it open: {region.branched.reason}")
        yield Record(
            _obligation(f"case/{case}", Kind.CLAIM, "the case's unsafe set is empty", ()), outcome
        )
