"""Printing proofs: points, algebraic proofs as data, and one theorem by another.

A proof is a list of tactic lines for a statement.

- What claims a point has its proof at the point, computed.
- What is proved of derived values moved outward is proved of the values themselves.
- Every other theorem has the obligation's algebraic proof, printed as data for the checker of
  `Refsem/Algebra.lean`, which Lean's kernel computes. For a rule that has no stored proofs one is
  searched for, as `refsem rules --audit` does.

Nothing here is trusted: Lean reads the result. Not covered: what `lean_export.refutation` does not
print; it is a stub with the reason.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from lean_export.layout import broken
from lean_export.program import UnprintableError, written
from lean_export.refutation import Printed, printed
from lean_export.statements import Shape, Statement, statement, theorem_name
from lean_export.terms import lean_name, term_text
from refsem.ir.terms import Operator, Term, equal, relation_terms, subterms
from refsem.obligations.algebra.checker import Accepted, check
from refsem.obligations.algebra.proof import AlgebraicProof
from refsem.obligations.algebra.store import searched_for
from refsem.obligations.algebra.stored import read
from refsem.obligations.obligation import Kind, Obligation, Point


@dataclass(frozen=True, slots=True)
class Proof:
    """Tactic lines that are announced to close a statement."""

    tactics: tuple[str, ...]
    beside: bool = False
    """Whether it is but another's proof handed on: that stands with the statement."""


@dataclass(frozen=True, slots=True)
class Stub:
    """No proof, and why."""

    reason: str


def proof(stated: Statement, others: Iterable[Obligation] = ()) -> Proof | Stub:
    """The printed proof of a statement, or why there is none.

    The others are obligations of the same family; it may be proved by what proves one of them.
    """
    match stated.shape:
        case Shape.EXISTENCE:
            return _witness(stated, _comparison(stated))
        case Shape.COUNTEREXAMPLE:
            return _witness(stated, _computation(stated))
        case Shape.IMPLICATION:
            return _by_another(stated, others) or _argument(stated)


def _witness(stated: Statement, closing: str) -> Proof | Stub:
    """The point, and each conjunct closed by the same tactic."""
    if stated.point is None:
        return Stub("no point with small coordinates was found")
    values = [_coordinate(stated.point, name) for name in stated.explicit]
    conjuncts = len(stated.hypotheses) + (stated.goal is not None)
    parts = (*values, *["?_"] * conjuncts) if conjuncts else (*values, "trivial")
    whole = parts[0] if len(parts) == 1 else f"⟨{', '.join(parts)}⟩"
    text = f"refine {whole} <;> {closing}" if conjuncts else f"exact {whole}"
    return Proof(broken(text, 0, 4))


def _comparison(stated: Statement) -> str:
    """The tactic that compares numbers of any ordered field, told of each kind of maximum."""
    found = _operators(stated)
    named = {
        Operator.ABS: "abs_cases",
        Operator.MIN: "min_cases",
        Operator.MAX: "max_cases",
        Operator.SELECT: "select_eq",
    }
    lemmas = [lemma for operator, lemma in named.items() if operator in found]
    return f"grind [{', '.join(lemmas)}]" if lemmas else "grind"


def _computation(stated: Statement) -> str:
    """The tactic that computes with rational numbers; a selection is first made computable."""
    selects = Operator.SELECT in _operators(stated)
    return f"{'(try simp only [select_eq]) <;> ' if selects else ''}decide +kernel"


def _operators(stated: Statement) -> set[Operator]:
    """The operators that a statement mentions."""
    relations = [hypothesis.relation for hypothesis in stated.hypotheses]
    relations.extend(() if stated.goal is None else (stated.goal,))
    nodes = (node for root in relation_terms(relations) for node in subterms(root))
    return {node.head for node in nodes if isinstance(node.head, Operator)}


def _coordinate(point: Point, name: str) -> str:
    return term_text(Term(dict(point.values)[name]))


def _by_another(stated: Statement, others: Iterable[Obligation]) -> Proof | None:
    """The proof by the theorem about the same values moved outward, if there is one."""
    for other in others:
        same_question = other.goal == stated.goal and other.premises == stated.obligation.premises
        if other.kind is Kind.WEAKEN and stated.obligation.kind is Kind.SOUND and same_question:
            known = _handed(stated, statement(other))
            if known is not None:
                text = " ".join((f"exact Proofs.{theorem_name(other)}", *known))
                return Proof((text,), beside=True)
    return None


def _handed(stated: Statement, moved: Statement) -> tuple[str, ...] | None:
    """What a theorem hands to the one about moved values; None where a hypothesis is missing."""
    names = {hypothesis.relation: lean_name(hypothesis.name) for hypothesis in stated.hypotheses}
    handed = [f"({name} := {name})" for name in map(lean_name, moved.functions)]
    handed.extend(map(lean_name, moved.explicit))
    if not set(moved.explicit) <= {*stated.implicit, *stated.explicit}:
        return None
    for hypothesis in moved.hypotheses:
        left, right = hypothesis.relation.left, hypothesis.relation.right
        if hypothesis.relation in names:
            handed.append(names[hypothesis.relation])
        elif hypothesis.defines and (same := names.get(equal(left, right))):
            handed.append(f"(Algebra.le_of_eq {same})")
        elif hypothesis.defines and (same := names.get(equal(right, left))):
            handed.append(f"(Algebra.le_of_eq {same}.symm)")
        else:
            return None
    return tuple(handed)


def _argument(stated: Statement) -> Proof | Stub:
    accepted = _accepted(stated.obligation)
    if accepted is None:
        return Stub("no algebraic proof was found")
    try:
        return tree_proof(stated, printed(stated, accepted))
    except UnprintableError as error:
        return Stub(f"its algebraic proof is not printed, for there is {error} in it")


def _accepted(obligation: Obligation) -> AlgebraicProof | None:
    """The smallest stored proof that the checker accepts, else one that is found now."""
    rule = obligation.id.partition("/")[0]
    sizes: list[tuple[int, int, AlgebraicProof]] = []
    for one in read(rule).get(obligation.id, ()):
        found = check(obligation, one)
        if isinstance(found, Accepted):
            sizes.append((found.products, len(sizes), one))
    if sizes:
        return min(sizes)[-1]
    searched = searched_for(obligation)
    return searched if isinstance(searched, AlgebraicProof) else None


def tree_proof(stated: Statement, data: Printed) -> Proof:
    """The tactic that hands a tree, with what it is about, to the checker."""
    if stated.goal is None:
        raise TypeError(f"{stated.name} has nothing to be argued for")
    first, *values = data.values
    goal = stated.goal.comparison.name.lower()
    parts = (
        f"refine {goal}_of_refuted fun goal => refuted (context := values {first} {_list(values)})",
        f"(laws := {_list(law for law, _ in data.laws)})",
        f"(facts := {_list(fact for fact, _ in data.facts)})",
        f"(tree := made {_list(written(data.tree))})",
        f"(by decide +kernel) {_chain(name for _, name in data.laws)}",
        _chain(name for _, name in data.facts),
    )
    return Proof(
        tuple(line for index, part in enumerate(parts) for line in broken(part, 4 * (index > 0), 6))
    )


def _list(parts: Iterable[str]) -> str:
    return f"[{', '.join(parts)}]"


def _chain(parts: Iterable[str]) -> str:
    """What is known, one after the other."""
    text = ".nil"
    for one in reversed(tuple(parts)):
        text = f"(.cons {one} {text})"
    return text
