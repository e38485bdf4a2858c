"""`refsem rules`: the catalogue, every reading of one rule, and the audit of rules."""

from collections.abc import Iterable
from pathlib import Path

import click

from refsem.cli.listing import obligation_objects, print_catalogue
from refsem.cli.readings import print_rule
from refsem.cli.rule_audit import advice_object, print_audit
from refsem.cli.terminal import print_json, report_console
from refsem.errors import InputError
from refsem.ir.readings import relation_text, to_text
from refsem.obligations.advice import Advice, advise
from refsem.obligations.discharge import AUDIT_LIMITS, REPAIR_LIMITS, audit_rules, discharge
from refsem.obligations.ledger import outcome_object
from refsem.obligations.obligation import Obligation, Outcome, Record, Unknown
from refsem.obligations.slack import nearest_records
from refsem.rules import CATALOGUE, EXECUTED, Rule
from refsem.rules.loading import load_rules


@click.command()
@click.argument("name", metavar="[NAME|FILE.py[:NAME]]", required=False)
@click.option("--audit", "audited", is_flag=True, help="Discharge every obligation.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def rules(name: str | None, audited: bool, as_json: bool) -> int:
    """List the rules, show one in all its readings, or audit them.

    A FILE.py is trusted: loading it runs it. The audit of one rule or file also says what becomes
    of its claims when derived values are computed in binary32 to nearest.
    """
    selected = _selected(name)
    records = tuple(audit_rules(selected, AUDIT_LIMITS)) if audited else ()
    if audited and name is not None:
        records += tuple(record for rule in selected for record in nearest_records(rule))
    advice = tuple(one for rule in selected for one in advise(rule, records, _judged))
    if as_json:
        print_json(_object(selected, records, advice))
    else:
        console = report_console()
        if audited:
            print_audit(console, selected, records, advice)
        elif name is None:
            print_catalogue(console, selected)
        else:
            for rule in selected:
                print_rule(console, rule)
    return _status(records)


def _judged(obligation: Obligation) -> Outcome:
    """What comes of an obligation of a rule that somebody might write."""
    return discharge(obligation, REPAIR_LIMITS)


def _selected(name: str | None) -> tuple[Rule, ...]:
    """The rules meant: all there are, one of them, or those of a file."""
    every = (*CATALOGUE, *EXECUTED)
    if name is None:
        return every
    file, _, wanted = name.partition(":")
    if file.endswith(".py"):
        click.echo(f"refsem: {file} is executed: rule files are trusted Python", err=True)
        found = load_rules(Path(file))
    else:
        file, wanted, found = "", name, every
    chosen = tuple(rule for rule in found if wanted in ("", rule.name))
    if not chosen:
        names = ", ".join(rule.name for rule in found)
        raise InputError(file, wanted, f"there is no such rule; there are {names}")
    return chosen


def _status(records: Iterable[Record]) -> int:
    """1 for a surprise, 2 for an unknown that was not expected, else 0."""
    surprising = [record for record in records if record.surprising]
    if any(not isinstance(record.outcome, Unknown) for record in surprising):
        return 1
    return 2 if surprising else 0


def _object(
    selected: Iterable[Rule], records: Iterable[Record], advice: Iterable[Advice]
) -> dict[str, object]:
    return {
        "rules": [_rule_object(rule) for rule in selected],
        "obligations": [
            {
                "id": record.obligation.id,
                "expected": record.obligation.expected.value,
                **outcome_object(record.outcome),
            }
            for record in records
        ],
        "advice": [advice_object(one) for one in advice],
    }


def _rule_object(rule: Rule) -> dict[str, object]:
    return {
        "name": rule.name,
        "operator": None if rule.operator is None else rule.operator.value,
        "sides": [
            {"name": s.name, "relation": relation_text(s.relation), "because": s.because}
            for s in rule.sides
        ],
        "derived": [
            {"name": d.name, "term": to_text(d.term), "outward": d.outward.value}
            for d in rule.derived
        ],
        "cites": [
            {
                "name": c.name,
                "fact": c.fact.name,
                "relation": relation_text(c.conclusion),
                "voucher": c.fact.voucher.value,
            }
            for c in rule.cites
        ],
        "claims": [{"name": c.name, "relation": relation_text(c.relation)} for c in rule.claims],
        "because": rule.because,
        "source": rule.source,
        "lift": rule.lift,
        "obligations": obligation_objects(rule),
    }
