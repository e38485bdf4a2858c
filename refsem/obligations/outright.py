"""A whole dot product rounded down, as one obligation with one proof.

The steps of the induction unrolled: for so many terms, every product and every sum rounded down,
the last executed sum is at most the exact one. The proof takes the claim of each step as a lemma
and adds them up; it is put together here and believed only once the checker accepts it.
"""

from dataclasses import fields, is_dataclass, replace
from typing import TypeVar

from refsem.ir.terms import Relation, Term, free_variables, relation_terms
from refsem.obligations.algebra.proof import AlgebraicProof, Leaf, Lemma, Node, Product
from refsem.obligations.algebra.search import MONOMIALS, NotFound, find_proof
from refsem.obligations.obligation import Expected, Kind, Obligation, Premise
from refsem.rules.rounded import unrolled

Part = TypeVar("Part")


def dot_obligation(length: int) -> Obligation:
    """The last executed sum of so many terms is at most the exact sum."""
    sides, executed, exact = unrolled(length)
    premises = tuple(Premise(side.name, side.relation) for side in sides)
    return Obligation(
        id=f"dot_{length}_rounded_down/sound/lower",
        kind=Kind.SOUND,
        free=free_variables(relation_terms((*(p.relation for p in premises), executed <= exact))),
        definitions=(),
        premises=premises,
        goal=executed <= exact,
        expected=Expected.PROVED,
        provenance="every product and every sum of the dot product is rounded down",
    )


def dot_proof(length: int) -> AlgebraicProof | NotFound:
    """A proof of it: a lemma for each step, and one sum of them all."""
    whole = dot_obligation(length)
    labels = [f"step_{number}" for number in range(1, length + 1)]
    products = tuple(Product(1, (label,)) for label in ("goal", *labels))
    node: Node = Leaf(products)
    for number in reversed(range(1, length + 1)):
        found = _step(whole, number)
        if isinstance(found, NotFound):
            return found
        label, relation, proof = found
        node = Lemma(label, relation, proof, node)
    return AlgebraicProof(node)


def _step(whole: Obligation, number: int) -> tuple[str, Relation, Node] | NotFound:
    """One step as a lemma: its label, its claim, and a proof that refutes the label's fact."""
    weight, point, partial = (Term(f"{name}_{number}") for name in ("w", "x", "r"))
    before = Term(f"r_{number - 1}") if number > 1 else Term("b")
    claim = partial <= before + weight * point
    own = tuple(p for p in whole.premises if p.name.endswith(f"_{number}"))
    found = find_proof(replace(whole, premises=own, goal=claim), MONOMIALS)
    if isinstance(found, NotFound):
        return found
    return f"step_{number}", claim, _relabelled(found.root, "goal", f"step_{number}")


def _relabelled(part: Part, old: str, new: str) -> Part:
    """A part of a proof with one label exchanged for another; terms are left alone."""
    match part:
        case str():
            return new if part == old else part  # type: ignore[return-value]
        case tuple():
            return tuple(_relabelled(one, old, new) for one in part)  # type: ignore[return-value]
        case Term() | Relation():
            return part
        case _ if is_dataclass(part):
            values = {
                one.name: _relabelled(getattr(part, one.name), old, new) for one in fields(part)
            }
            return replace(part, **values)  # type: ignore[type-var]
        case _:
            return part
