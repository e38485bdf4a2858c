"""No operator is bounded in silence: what a bound rests on without a proof stands in the report."""

from pathlib import Path

import numpy as np
import pytest
from small_networks import Builder

from refsem.audit.findings import NetworkAudit
from refsem.audit.network import audit_network, silent
from refsem.ir.composites import EXPANSIONS
from refsem.ir.lowering import LOWERED
from refsem.ir.operators import CATALOGUE, Op, OperatorRow
from refsem.obligations.generation import rule_obligations
from refsem.obligations.ledger import counts
from refsem.obligations.obligation import Expected, Kind, Proved, Stated
from refsem.properties import load_property
from refsem.rules import BY_NAME, Rule
from refsem.rules.backwards import CURVED
from refsem.rules.lifts.table import LIFTS
from refsem.rules.pairs import PLANAR
from refsem.rules.propagation import Method

QUICK = (Op.EXP, Op.FLOOR, Op.SQRT)
RULES = tuple(BY_NAME[name] for name in LIFTS)
AFFINE = {Op.ADD, Op.SUB, Op.NEG, Op.NOT, Op.IDENTITY}


@pytest.mark.parametrize("row", CATALOGUE, ids=lambda row: row.op.value)
def test_every_operator_is_affine_lowered_or_has_rules_that_a_trace_may_apply(
    row: OperatorRow,
) -> None:
    """Of whatever is left there is no bound at all: `check_covered` refuses it by name."""
    if row.meaning is None or row.op in {*AFFINE, *LOWERED, *EXPANSIONS}:
        return
    assert row.op in {*CURVED, *PLANAR}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_what_a_rule_takes_on_trust_is_an_obligation_by_name(rule: Rule) -> None:
    stated = {one.id for one in rule_obligations(rule) if one.expected is Expected.STATED}
    facts = {f"{rule.name}/fact/{cited.fact.name}" for cited in rule.cites}
    assert stated == facts | ({f"{rule.name}/lift"} if rule.lift else set())


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_claim_of_a_rule_is_an_obligation(rule: Rule) -> None:
    asked = {one.id for one in rule_obligations(rule) if one.kind is Kind.SOUND}
    assert asked == {f"{rule.name}/sound/{claim.name}" for claim in rule.claims}


def audited(folder: Path, op: Op) -> NetworkAudit:
    """The audit of y = f(x) over [1/2, 3/4], which leaves the property to the bounds."""
    builder = Builder(np.random.default_rng(1))
    x = builder.add("x", Op.INPUT, shape=(1, 1))
    prepared = builder.graph(builder.add("y", op, x))
    path = folder / "p.vnnlib"
    declared = "(declare-const X_0 Real)(declare-const Y_0 Real)"
    box = "(assert (>= X_0 0.5))(assert (<= X_0 0.75))"
    path.write_text(f"{declared}{box}(assert (>= Y_0 1000))")
    return audit_network(prepared, load_property(path), Method.CROWN, silent)


def check(found: NetworkAudit) -> None:
    """Each rule applied is judged, and what is not proved is counted as stated."""
    records = {record.obligation.id: record for record in found.records}
    (region,) = found.regions
    for index, application in enumerate(region.propagation.replay.applications):
        rule = BY_NAME[application.rule]
        for one in rule_obligations(rule):
            if one.expected in {Expected.PROVED, Expected.STATED}:
                assert one.id in records
                assert isinstance(records[one.id].outcome, Proved | Stated), one.id
        outcome = records[f"instance/0/{index}"].outcome
        assert isinstance(outcome, Proved)
        relying = set(outcome.relying_on)
        assert {f"{rule.name}/sound/{claim.name}" for claim in rule.claims} <= relying
        trusted = {name for name in relying if "/fact/" in name}
        assert all(isinstance(records[name].outcome, Stated) for name in trusted)
    stated = [record for record in found.judged() if isinstance(record.outcome, Stated)]
    assert counts(found.judged())["stated"] == len(stated)


@pytest.mark.parametrize("op", QUICK, ids=lambda op: op.value)
def test_an_audit_lists_what_its_bounds_rest_on(tmp_path: Path, op: Op) -> None:
    found = audited(tmp_path, op)
    check(found)
    stated = [one.obligation.id for one in found.records if isinstance(one.outcome, Stated)]
    assert any("/fact/" in one for one in stated)


@pytest.mark.nightly
@pytest.mark.parametrize(
    "op", sorted({*CURVED} - {Op.PRELU}, key=lambda op: op.value), ids=lambda op: op.value
)
def test_an_audit_of_any_curve_lists_what_its_bounds_rest_on(tmp_path: Path, op: Op) -> None:
    row = next(one for one in CATALOGUE if one.op is op)
    if row.attributes:
        pytest.skip("its attributes have no defaults here; its rules are judged above")
    check(audited(tmp_path, op))
