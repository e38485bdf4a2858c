"""The catalogue as it is listed: each rule's statement, sides with reasons, source, and whose word.

Whose word an obligation rests on is said without a solver: a stored algebraic proof is checked
here and now, an exact point is what `inhabited` and `needed` ask for, and the rest is as stated.
"""

from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.text import Text

from refsem.ir.readings import relation_text, to_text
from refsem.obligations.algebra.stored import checked
from refsem.obligations.generation import rule_obligations
from refsem.obligations.obligation import Expected, Kind, Obligation
from refsem.rules import Outward, Rule


def print_catalogue(console: Console, selected: Iterable[Rule]) -> None:
    """Print one block a rule."""
    for rule in selected:
        operator = "" if rule.operator is None else f"  {rule.operator.value}"
        console.print(Text(rule.name, style="bold"), Text(operator, style="dim"), sep="")
        for line in _block(rule):
            console.print(Text(f"  {line}"), soft_wrap=True)


def _block(rule: Rule) -> Iterator[str]:
    for claim in rule.claims:
        yield f"claim {relation_text(claim.relation)}"
    for value in rule.derived:
        moved = "" if value.outward is Outward.EXACT else f", may be moved {value.outward.value}"
        yield f"with {value.name} = {to_text(value.term)}{moved}"
    for side in rule.sides:
        yield f"where {relation_text(side.relation)}  ({side.name}: {side.because})"
    yield f"source: {rule.source}"
    yield f"obligations: {'; '.join(_words(rule))}"


def _words(rule: Rule) -> Iterator[str]:
    """How many obligations of each kind there are, and on whose word they rest."""
    counts: dict[tuple[str, str], int] = {}
    for obligation in rule_obligations(rule):
        key = (obligation.kind.value, word(obligation))
        counts[key] = counts.get(key, 0) + 1
    for (kind, whose), count in counts.items():
        number = "" if count == 1 else f" ×{count}"
        yield f"{kind}{number} by {whose}"


def word(obligation: Obligation) -> str:
    """Whose word an obligation rests on, as far as that can be said without search."""
    match obligation.kind:
        case Kind.INHABITED:
            return "a point"
        case Kind.NEEDED if obligation.expected is Expected.REFUTED:
            return "a point"
        case Kind.NEEDED:
            proofs = [checked(part) for part in obligation.parts]
            return "algebra" if all(proofs) else "z3"
        case Kind.LIFT | Kind.FACT:
            return "its statement"
        case Kind.INSTANCE | Kind.CLAIM | Kind.NEAREST:
            return "replay"
        case _:
            return "z3" if checked(obligation) is None else "algebra"


def obligation_objects(rule: Rule) -> list[dict[str, object]]:
    """The obligations of a rule with whose word each rests on, as JSON objects."""
    return [
        {"id": one.id, "expected": one.expected.value, "word": word(one)}
        for one in rule_obligations(rule)
    ]
