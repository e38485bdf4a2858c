"""Every reading of one rule side by side.

The statement, its value in exact and in outward binary32 arithmetic, the questions put to a solver
and the theorems put to Lean, and the obligations with whose word each rests on.
"""

from collections.abc import Iterator

from gmpy2 import mpq
from rich.console import Console
from rich.text import Text

from lean_export.statements import has_theorem, signature, statement
from refsem.cli.listing import word
from refsem.ir.readings import evaluate, relation_text, to_text
from refsem.obligations.discharge import DEFAULT_LIMITS
from refsem.obligations.generation import rule_obligations
from refsem.obligations.obligation import Kind, Point
from refsem.obligations.sampling import search
from refsem.obligations.smt import smt_text
from refsem.rounding import Unbounded, round_down, round_up
from refsem.rules import Outward, Rule
from refsem.rules.outward import evaluate_outward


def print_rule(console: Console, rule: Rule) -> None:
    """Print a rule and its readings."""
    console.print(Text(rule.name, style="bold"), Text(f"— {rule.because}"))
    console.print(Text(f"source: {rule.source}", style="dim"))
    _section(console, "statement", _statement(rule))
    _section(console, "example, exact and outward in binary32", _example(rule))
    for obligation in rule_obligations(rule):
        if obligation.kind is Kind.SOUND:
            _section(console, f"SMT-LIB, {obligation.id}", smt_text(obligation).splitlines())
            if has_theorem(obligation):
                theorem = signature(statement(obligation))
                _section(console, f"Lean, {obligation.id}", list(theorem))
    _section(console, "obligations", _obligations(rule))


def _section(console: Console, title: str, lines: Iterator[str] | list[str]) -> None:
    console.print(Text(title, style="bold"))
    for line in lines:
        console.print(Text(f"  {line}"), soft_wrap=True)


def _statement(rule: Rule) -> Iterator[str]:
    groups = {"given": rule.given, "chosen": rule.chosen, "point": rule.point}
    for what, group in groups.items():
        if group:
            yield f"{what} {', '.join(str(variable.head) for variable in group)}"
    for value in rule.derived:
        direction = (
            "" if value.outward is Outward.EXACT else f", may be moved {value.outward.value}"
        )
        yield f"derived {value.name} = {to_text(value.term)}{direction}"
    for side in rule.sides:
        yield f"where {relation_text(side.relation)}  ({side.name}: {side.because})"
    for cited in rule.cites:
        yield f"knowing {relation_text(cited.conclusion)}  ({cited.name}: {cited.fact.because})"
    for claim in rule.claims:
        yield f"claim {relation_text(claim.relation)}  ({claim.name})"
    if rule.lift:
        yield f"lift: {rule.lift}"


def _obligations(rule: Rule) -> Iterator[str]:
    for obligation in rule_obligations(rule):
        expected = obligation.expected.value
        yield f"{obligation.id}: to be {expected}, by {word(obligation)}"


def _example(rule: Rule) -> Iterator[str]:
    """Derived values at a point that meets the sides, with tenths so that rounding shows."""
    inhabited = rule_obligations(rule)[0]
    found = search(inhabited, DEFAULT_LIMITS.points)
    if not isinstance(found, Point):
        yield "no small point meets the sides"
        return
    point = _in_binary32({name: value / 10 for name, value in found.values})
    names = [str(variable.head) for variable in (*rule.given, *rule.chosen)]
    yield "at " + ", ".join(f"{name} = {point[name]}" for name in names)
    for value in rule.derived:
        exact = evaluate(value.term, point)
        outward = evaluate_outward(value.term, point, value.outward)
        point[value.name] = exact if isinstance(outward, Unbounded) else outward
        yield f"{value.name}: exact {exact}, outward {outward}"


def _in_binary32(point: dict[str, mpq]) -> dict[str, mpq]:
    rounded = {}
    for name, value in point.items():
        near = round_down(value) if value >= 0 else round_up(value)
        rounded[name] = value if isinstance(near, Unbounded) else near
    return rounded
