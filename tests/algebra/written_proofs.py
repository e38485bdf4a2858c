"""Obligations with proofs written by hand, at least one for each kind of node."""

from dataclasses import dataclass

from gmpy2 import mpq

from refsem.exact.functions import Function
from refsem.ir.terms import (
    Relation,
    applied,
    equal,
    free_variables,
    maximum,
    minimum,
    nonzero,
    relation_terms,
    select,
    term,
    variables,
)
from refsem.obligations.algebra.proof import (
    AlgebraicProof,
    Apart,
    Barycentric,
    Bounds,
    Divide,
    Leaf,
    Lemma,
    Multiple,
    Node,
    Product,
    Resolve,
    Rewrite,
    Sign,
    Split,
)
from refsem.obligations.obligation import Definition, Expected, Kind, Obligation, Premise
from refsem.rules import Outward

a, b, c, k, l, s, u, x, y, z = variables("a b c k l s u x y z")


def obligation(
    name: str,
    premises: dict[str, Relation],
    goal: Relation,
    definitions: tuple[Definition, ...] = (),
) -> Obligation:
    """An obligation about all variables that occur in it."""
    relations = (*premises.values(), goal)
    terms = (*relation_terms(relations), *(definition.term for definition in definitions))
    defined = {definition.name for definition in definitions}
    return Obligation(
        id=f"{name}/sound/goal",
        kind=Kind.SOUND,
        free=tuple(one for one in free_variables(terms) if one not in defined),
        definitions=definitions,
        premises=tuple(Premise(label, relation) for label, relation in premises.items()),
        goal=goal,
        expected=Expected.PROVED,
        provenance="written for the tests",
    )


def leaf(*products: tuple[int, str], multiples: tuple[Multiple, ...] = ()) -> Leaf:
    """A leaf of multiples of products; the facts of one product are separated by spaces."""
    return Leaf(tuple(Product(n, tuple(facts.split())) for n, facts in products), multiples)


@dataclass(frozen=True, slots=True)
class Written:
    """An obligation and a proof of it."""

    obligation: Obligation
    proof: AlgebraicProof


def written(one: Obligation, root: Node) -> Written:
    """The pair of an obligation and the proof with this root."""
    return Written(one, AlgebraicProof(root))


TRANSITIVE = written(
    obligation("transitive", {"first": x <= y, "second": y < z}, x < z),
    leaf((1, "goal"), (1, "side/first"), (1, "side/second")),
)

SQUARE_CHORD = written(
    obligation("square_chord", {"lower": l <= x, "upper": x <= u}, x * x <= (l + u) * x - l * u),
    leaf((1, "goal"), (1, "side/lower side/upper")),
)

SQUARE_TANGENT = written(
    obligation("square_tangent", {}, 2 * y * x - y * y <= x * x),
    Leaf((Product(1, ("goal",)), Product(1, (), (x - y,)))),
)

CASES = written(
    obligation("cases", {"low": x >= 0, "high": x <= 1}, maximum(x, 1 - x) <= 1),
    Split(
        "half",
        x - (1 - x),
        Resolve(maximum(x, 1 - x), 0, "half", leaf((1, "goal"), (1, "side/high"))),
        Resolve(maximum(x, 1 - x), 1, "half", leaf((1, "goal"), (1, "side/low"))),
    ),
)

BOUNDED = written(
    obligation(
        "bounded",
        {},
        minimum(x, y) <= b,
        (Definition("b", maximum(x, 0) + minimum(y, 1), Outward.UP),),
    ),
    Bounds(
        "max",
        maximum(x, 0),
        Bounds(
            "min",
            minimum(x, y),
            Split(
                "y",
                term(1) - y,
                Resolve(
                    minimum(y, 1),
                    0,
                    "y",
                    leaf((1, "goal"), (1, "definition/b"), (1, "max.1"), (1, "min.1")),
                ),
                Resolve(
                    minimum(y, 1),
                    1,
                    "y",
                    Lemma(
                        "one",
                        term(0) <= 1,
                        leaf((1, "one"), (1, "")),
                        leaf(
                            (1, "goal"), (1, "definition/b"), (1, "max.0"), (1, "min.0"), (1, "one")
                        ),
                    ),
                ),
            ),
        ),
    ),
)

ABSOLUTE = written(
    obligation("absolute", {"small": x * x < y * y, "positive": y > 0}, abs(x) < y),
    Bounds(
        "abs",
        abs(x),
        # (|x| − y) ≥ 0, so (|x| − y)·(|x| − y) + 2·(|x| − y)·y + (y² − x²) + (x − |x|)(x + |x|) = 0
        leaf(
            (1, "goal goal"),
            (2, "goal side/positive"),
            (1, "side/small"),
            multiples=(Multiple("abs.2", term(-1)),),
        ),
    ),
)

SELECTED = written(
    obligation("selected", {}, select(x, 0, -x, x) >= 0),
    Split(
        "sign",
        -x,
        Resolve(select(x, 0, -x, x), 0, "sign", leaf((1, "goal"), (1, "sign"))),
        Resolve(select(x, 0, -x, x), 1, "sign", leaf((1, "goal"), (1, "sign"))),
    ),
)

AFFINE = written(
    obligation(
        "affine",
        {"node": equal(y, a * x + b)},
        equal(c * y, k * x + c * b),
        (Definition("k", c * a, Outward.EXACT),),
    ),
    Rewrite("y", "side/node", mpq(1), leaf((1, "goal goal"))),
)

CHORD = written(
    obligation(
        "chord",
        {"lower": l <= x, "upper": x <= u, "width": l < u},
        x * x <= l * l + (u * u - l * l) / (u - l) * (x - l),
    ),
    Divide(
        "width",
        u - l,
        Sign.POSITIVE,
        leaf((1, "width"), (1, "side/width")),
        leaf((1, "goal"), (1, "side/lower side/upper side/width")),
    ),
)

RECIPROCAL = written(
    obligation("reciprocal", {"apart": nonzero(x)}, y * y / x * x <= y * y + 1),
    Divide(
        "zero",
        x,
        Sign.NONZERO,
        leaf((1, "side/apart side/apart"), multiples=(Multiple("zero", -x),)),
        leaf((1, "goal"), (1, "side/apart side/apart")),
    ),
)

NEGATIVE = written(
    obligation("negative", {"below": x < 0, "order": a <= b}, b / x <= a / x),
    Divide(
        "sign",
        x,
        Sign.NEGATIVE,
        leaf((1, "sign"), (1, "side/below")),
        leaf((1, "goal"), (1, "side/order")),
    ),
)

NOT_ZERO = written(
    obligation("not_zero", {"apart": nonzero(x), "low": x >= 0}, x > 0),
    Apart(
        "sign",
        "side/apart",
        leaf((1, "goal"), (1, "sign")),
        leaf((1, "side/low"), (1, "sign")),
    ),
)

BARYCENTRIC = written(
    obligation(
        "barycentric",
        {"lower": l <= x, "upper": x <= u, "left": s * l <= b, "right": s * u <= b},
        s * x <= b,
    ),
    Barycentric(
        "x",
        "side/lower",
        "side/upper",
        "t",
        leaf((1, "goal"), (1, "t.0 side/right"), (1, "t.1 side/left")),
    ),
)

NESTED = written(
    obligation(
        "nested",
        {"c": c > 0, "apart": nonzero(b / c), "b": b > 0, "a": a >= 0},
        a / (b / c) >= 0,
    ),
    Divide(
        "c",
        c,
        Sign.POSITIVE,
        leaf((1, "c"), (1, "side/c")),
        Divide(
            "b",
            b / c,
            Sign.POSITIVE,
            leaf((1, "b"), (1, "side/b")),
            leaf((1, "goal"), (1, "side/a side/c")),
        ),
    ),
)

OPAQUE = written(
    obligation(
        "opaque",
        {
            "sign": c >= 0,
            "tangent": applied(Function.EXP, y) * (x - y + 1) <= applied(Function.EXP, x),
        },
        c * applied(Function.EXP, y) * (x - y + 1) <= b,
        (Definition("b", c * applied(Function.EXP, x) + c * c, Outward.UP),),
    ),
    Leaf(
        (
            Product(1, ("goal",)),
            Product(1, ("definition/b",)),
            Product(1, ("side/tangent", "side/sign")),
            Product(1, (), (c,)),
        )
    ),
)

WRITTEN = (
    TRANSITIVE,
    SQUARE_CHORD,
    SQUARE_TANGENT,
    CASES,
    BOUNDED,
    ABSOLUTE,
    SELECTED,
    AFFINE,
    CHORD,
    RECIPROCAL,
    NEGATIVE,
    NOT_ZERO,
    BARYCENTRIC,
    NESTED,
    OPAQUE,
)
