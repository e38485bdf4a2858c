"""Damaged proofs: each kind of damage is a function from a proof and a source of choices.

`FATAL` leaves no proof a proof: what it yields must be rejected. `ANY` may by chance leave a proof
that still proves; there, two checkers have to agree. A kind of damage yields None where a proof
has nothing of the kind.
"""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeAlias

from gmpy2 import mpq

from refsem.ir.terms import Comparison, Term, term
from refsem.obligations.algebra.proof import (
    AlgebraicProof,
    Apart,
    Barycentric,
    Bounds,
    Divide,
    Leaf,
    Lemma,
    Multiple,
    Product,
    Resolve,
    Rewrite,
    Sign,
    Split,
)

Path = tuple[str | int, ...]
Part: TypeAlias = Any
"""A piece of a proof: a node, a summand, or a tuple of such."""
Damage = Callable[[AlgebraicProof, random.Random], AlgebraicProof | None]
CONTINUED = (Resolve, Bounds, Lemma, Divide, Rewrite, Barycentric)


def dice(seed: str) -> random.Random:
    """A source of choices that are the same in every run."""
    return random.Random(seed)  # noqa: S311  repeatable, not secret


def parts(data: Part, path: Path = ()) -> Iterator[tuple[Path, Part]]:
    """Every dataclass inside a proof with its place; terms and relations count as whole."""
    if isinstance(data, tuple):
        for index, one in enumerate(data):
            yield from parts(one, (*path, index))
    elif is_dataclass(data):
        yield path, data
        if not isinstance(data, Term):
            for one in fields(data):
                yield from parts(getattr(data, one.name), (*path, one.name))


def put(data: Part, path: Path, new: Part) -> Part:
    """The data with one part replaced; in a tuple, None stands for its removal."""
    if not path:
        return new
    head, *rest = path
    if isinstance(head, int):
        changed = put(data[head], tuple(rest), new)
        return data[:head] + (() if changed is None else (changed,)) + data[head + 1 :]
    return replace(data, **{head: put(getattr(data, head), tuple(rest), new)})


def pick(proof: AlgebraicProof, source: random.Random, *kinds: type) -> tuple[Path, Any] | None:
    found = [(path, part) for path, part in parts(proof) if isinstance(part, kinds)]
    return source.choice(found) if found else None


def labels(proof: AlgebraicProof) -> list[str]:
    """Every label that the proof uses, and some that it might."""
    found = {"goal"}
    for _, part in parts(proof):
        match part:
            case Product():
                found |= set(part.facts)
            case Split() | Apart():
                found.add(part.label)
            case Bounds():
                found |= {f"{part.label}.0", f"{part.label}.1", f"{part.label}.2"}
            case Barycentric():
                found |= {f"{part.parameter}.0", f"{part.parameter}.1", part.lower}
            case Multiple():
                found.add(part.equality)
    return sorted(found)


def at(*kinds: type) -> Callable[[Callable[[Any, random.Random], Any]], Damage]:
    """Damage to one part of these kinds, from what becomes of the part (None: taken out)."""

    def wrap(change: Callable[[Any, random.Random], Any]) -> Damage:
        def damage(proof: AlgebraicProof, source: random.Random) -> AlgebraicProof | None:
            found = pick(proof, source, *kinds)
            if found is None:
                return None
            path, part = found
            changed: AlgebraicProof = put(proof, path, change(part, source))
            return None if changed == proof else changed

        return damage

    return wrap


@at(Product)
def multiplier_perturbed(product: Product, source: random.Random) -> Product:
    return replace(product, multiplier=product.multiplier + source.choice((1, 2, 7)))


@at(Product)
def multiplier_negated(product: Product, _source: random.Random) -> Product:
    return replace(product, multiplier=-product.multiplier)


@at(Product)
def multiplier_zero(product: Product, _source: random.Random) -> Product:
    return replace(product, multiplier=0)


@at(Product)
def multiplier_no_integer(product: Product, source: random.Random) -> Product:
    wrong: Any = source.choice((True, float(product.multiplier), mpq(product.multiplier), "1"))
    return replace(product, multiplier=wrong)


@at(Product)
def product_dropped(_product: Product, _source: random.Random) -> None:
    return None


@at(Product)
def fact_out_of_nowhere(product: Product, _source: random.Random) -> Product:
    return replace(product, facts=(*product.facts, "side/no_such_side"))


@at(Leaf)
def leaf_emptied(leaf: Leaf, _source: random.Random) -> Leaf:
    return replace(leaf, products=())


@at(Leaf)
def leaf_product_repeated(leaf: Leaf, source: random.Random) -> Leaf:
    return replace(leaf, products=(*leaf.products, source.choice(leaf.products)))


@at(Leaf)
def leaf_missing(_leaf: Leaf, _source: random.Random) -> Leaf:
    missing: Any = Term("x")
    found: Leaf = missing
    return found


@at(Multiple)
def multiple_dropped(_multiple: Multiple, _source: random.Random) -> None:
    return None


@at(Multiple)
def multiple_scaled(multiple: Multiple, _source: random.Random) -> Multiple:
    return replace(multiple, multiplier=multiple.multiplier * 2)


FATAL: Mapping[str, Damage] = {
    "multiplier negated": multiplier_negated,
    "multiplier zero": multiplier_zero,
    "multiplier of another type": multiplier_no_integer,
    "product dropped": product_dropped,
    "fact out of nowhere": fact_out_of_nowhere,
    "leaf emptied": leaf_emptied,
    "leaf missing": leaf_missing,
    "multiple of an equality dropped": multiple_dropped,
    "multiple of an equality scaled": multiple_scaled,
}


def fact_borrowed(proof: AlgebraicProof, source: random.Random) -> AlgebraicProof | None:
    """A fact of a product is exchanged for another label of the proof."""
    other = source.choice(labels(proof))

    @at(Product)
    def change(product: Product, source: random.Random) -> Product:
        if not product.facts:
            return replace(product, facts=(other,))
        index = source.randrange(len(product.facts))
        changed = (*product.facts[:index], other, *product.facts[index + 1 :])
        return replace(product, facts=changed)

    return change(proof, source)


@at(Product)
def fact_dropped(product: Product, source: random.Random) -> Product:
    index = source.randrange(len(product.facts) + 1)
    return replace(product, facts=product.facts[:index] + product.facts[index + 1 :])


@at(Product)
def fact_squared(product: Product, _source: random.Random) -> Product:
    return replace(product, facts=product.facts + product.facts)


@at(Product)
def square_dropped(product: Product, _source: random.Random) -> Product:
    return replace(product, squares=product.squares[1:])


@at(Product)
def square_changed(product: Product, source: random.Random) -> Product:
    root = source.choice((term(1), term(2), Term("x"), 1 / Term("x"), Term("nowhere")))
    return replace(product, squares=(root, *product.squares[1:]))


def leaves_exchanged(proof: AlgebraicProof, source: random.Random) -> AlgebraicProof | None:
    found = [(path, part) for path, part in parts(proof) if isinstance(part, Leaf)]
    if len(found) < 2:
        return None
    (first, one), (second, other) = source.sample(found, 2)
    changed: AlgebraicProof = put(put(proof, first, other), second, one)
    return None if changed == proof else changed


@at(Split)
def cases_exchanged(split: Split, _source: random.Random) -> Split:
    return replace(split, nonnegative=split.negative, negative=split.nonnegative)


@at(Split)
def case_copied(split: Split, _source: random.Random) -> Split:
    return replace(split, negative=split.nonnegative)


@at(Split)
def case_skipped(split: Split, source: random.Random) -> Part:
    return source.choice((split.nonnegative, split.negative))


@at(Apart)
def apart_exchanged(apart: Apart, _source: random.Random) -> Apart:
    return replace(apart, positive=apart.negative, negative=apart.positive)


@at(Resolve)
def other_branch(resolve: Resolve, _source: random.Random) -> Resolve:
    return replace(resolve, branch=1 - resolve.branch)


@at(Resolve)
def strange_branch(resolve: Resolve, source: random.Random) -> Resolve:
    return replace(resolve, branch=source.choice((-1, 2, True, False)))


def other_reason(proof: AlgebraicProof, source: random.Random) -> AlgebraicProof | None:
    """An atom is resolved because of another fact."""
    other = source.choice(labels(proof))

    @at(Resolve)
    def change(resolve: Resolve, _source: random.Random) -> Resolve:
        return replace(resolve, because=other)

    return change(proof, source)


@at(*CONTINUED)
def step_skipped(node: Part, _source: random.Random) -> Part:
    return node.rest


@at(Divide)
def other_sign(divide: Divide, source: random.Random) -> Divide:
    return replace(divide, sign=source.choice(list(Sign)))


@at(Divide)
def other_divisor(divide: Divide, source: random.Random) -> Divide:
    return replace(divide, divisor=source.choice((-divide.divisor, term(1), Term("x"))))


@at(Lemma, Divide)
def sub_proof_exchanged(node: Part, _source: random.Random) -> Part:
    return replace(node, proof=node.rest, rest=node.proof)


@at(Lemma)
def lemma_strengthened(lemma: Lemma, source: random.Random) -> Lemma:
    other = source.choice(list(Comparison))
    return replace(lemma, relation=replace(lemma.relation, comparison=other))


@at(Rewrite)
def other_factor(rewrite: Rewrite, source: random.Random) -> Rewrite:
    return replace(rewrite, factor=rewrite.factor * source.choice((-1, 2)))


@at(Barycentric)
def ends_exchanged(node: Barycentric, _source: random.Random) -> Barycentric:
    return replace(node, lower=node.upper, upper=node.lower)


@at(Barycentric)
def end_repeated(node: Barycentric, _source: random.Random) -> Barycentric:
    return replace(node, lower=node.upper)


@at(Barycentric)
def parameter_in_use(node: Barycentric, _source: random.Random) -> Barycentric:
    return replace(node, parameter=node.variable)


UNBALANCED: Mapping[str, Damage] = {
    "multiplier perturbed": multiplier_perturbed,
    "product repeated": leaf_product_repeated,
}
"""Fatal too, unless the summand is zero, as it is in proofs of equations."""

ANY: Mapping[str, Damage] = {
    **FATAL,
    **UNBALANCED,
    "fact borrowed": fact_borrowed,
    "fact dropped": fact_dropped,
    "fact squared": fact_squared,
    "square dropped": square_dropped,
    "square changed": square_changed,
    "leaves exchanged": leaves_exchanged,
    "cases exchanged": cases_exchanged,
    "case copied": case_copied,
    "case skipped": case_skipped,
    "apart exchanged": apart_exchanged,
    "other branch": other_branch,
    "strange branch": strange_branch,
    "other reason": other_reason,
    "step skipped": step_skipped,
    "other sign": other_sign,
    "other divisor": other_divisor,
    "sub-proof exchanged": sub_proof_exchanged,
    "lemma strengthened": lemma_strengthened,
    "other factor": other_factor,
    "ends exchanged": ends_exchanged,
    "end repeated": end_repeated,
    "parameter in use": parameter_in_use,
}
