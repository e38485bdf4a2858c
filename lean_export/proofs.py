"""Printing proofs: case splits, multiples of hypotheses, then `grind`.

A proof is a list of tactic lines for a statement. Equations define variables away; each
min, max, abs and select is split by a lemma of the prelude, explicitly where something multiplies
it (linear arithmetic would see an opaque product) and inside `grind` elsewhere; hints name the
multiples that linear arithmetic cannot invent. Nothing here is trusted: Lean reads the result.

Not covered: quotients other than by one divisor that the hints call positive.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from lean_export.hints import HINTS, UNPROVED, Hint
from lean_export.layout import broken
from lean_export.statements import Hypothesis, Shape, Statement
from lean_export.terms import argument_text, lean_name, relation_text, term_text
from refsem.ir.terms import (
    Comparison,
    Operator,
    Relation,
    Term,
    divisors,
    free_variables,
    relation_terms,
    substitute,
    subterms,
)
from refsem.obligations.obligation import Point

_CASES = {
    Operator.MAX: "max_cases",
    Operator.MIN: "min_cases",
    Operator.ABS: "abs_cases",
    Operator.SELECT: "select_cases",
}
_ORDERED = ("max_cases", "min_cases")


@dataclass(frozen=True, slots=True)
class Proof:
    """Tactic lines that are announced to close a statement."""

    tactics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stub:
    """No proof, and why."""

    reason: str


def proof(stated: Statement, hints: Mapping[str, Hint] = HINTS) -> Proof | Stub:
    """The printed proof of a statement, or why there is none; hints are by the rule's name."""
    if stated.obligation.id in UNPROVED:
        return Stub(UNPROVED[stated.obligation.id])
    rule, *_ = stated.obligation.id.split("/")
    if stated.functions and rule not in hints:
        return Stub("no proof has been written down for this rule about a named function")
    match stated.shape:
        case Shape.EXISTENCE:
            return _witness(stated, "grind")
        case Shape.COUNTEREXAMPLE:
            return _witness(stated, _computation(stated))
        case Shape.IMPLICATION:
            return _argument(stated, hints.get(rule, Hint()))


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


def _computation(stated: Statement) -> str:
    """The tactic that computes with rational numbers; a selection is first made computable."""
    relations = [hypothesis.relation for hypothesis in stated.hypotheses]
    relations.extend(() if stated.goal is None else (stated.goal,))
    nodes = (node for root in relation_terms(relations) for node in subterms(root))
    selects = any(node.head is Operator.SELECT for node in nodes)
    return f"{'(try simp only [select_eq]) <;> ' if selects else ''}decide +kernel"


def _coordinate(point: Point, name: str) -> str:
    return term_text(Term(dict(point.values)[name]))


def _argument(stated: Statement, hint: Hint) -> Proof:
    if stated.goal is None:
        raise TypeError(f"{stated.name} has nothing to be argued for")
    unfolding, context = _unfolded(Context(stated.hypotheses, stated.goal))
    clearing, context = _cleared(context, hint)
    factors = _factors(context)
    lines = (
        *unfolding,
        *clearing,
        *_multiples(context, hint),
        *_cases(context, factors),
        *_splits(factors),
        "all_goals grind" if factors else "grind",
    )
    return Proof(tuple(part for line in lines for part in broken(line, 0, 4)))


@dataclass(frozen=True, slots=True)
class Context:
    """What is known and what is to be shown at one point of a proof."""

    hypotheses: tuple[Hypothesis, ...]
    goal: Relation

    @property
    def terms(self) -> tuple[Term, ...]:
        """Both sides of every hypothesis and of the goal."""
        relations = (*(hypothesis.relation for hypothesis in self.hypotheses), self.goal)
        return tuple(relation_terms(relations))


Step = tuple[tuple[str, ...], Context]
"""Tactic lines and what they leave."""


def _unfolded(context: Context) -> Step:
    """Every variable that an equation defines rewritten by its term, in hypotheses and goal."""
    lines = []
    for equation in context.hypotheses:
        match equation.relation:
            case Relation(Comparison.EQ, Term(str() as name), value) if equation.defines:
                places, context = _replaced(context, equation, name, value)
                # Left among the hypotheses, the equation would lead `grind` to rewrite backwards.
                if places and not isinstance(value.head, str):
                    lines.append(f"subst {lean_name(equation.name)}")
                elif places:
                    lines.append(f"rw [{lean_name(equation.name)}] at {' '.join(places)}")
    return tuple(lines), context


def _replaced(
    context: Context, equation: Hypothesis, name: str, value: Term
) -> tuple[tuple[str, ...], Context]:
    """Where the name occurs besides its own equation, and the context with the value there."""
    places = []
    hypotheses = []
    for hypothesis in context.hypotheses:
        if hypothesis.name != equation.name and name in _variables(hypothesis.relation):
            places.append(lean_name(hypothesis.name))
            relation = _with_value(hypothesis.relation, name, value)
            hypotheses.append(replace(hypothesis, relation=relation))
        else:
            hypotheses.append(hypothesis)
    goal = context.goal
    if name in _variables(goal):
        places.append("⊢")
        goal = _with_value(goal, name, value)
    return tuple(places), Context(tuple(hypotheses), goal)


def _with_value(relation: Relation, name: str, value: Term) -> Relation:
    left, right = (substitute(side, {name: value}) for side in (relation.left, relation.right))
    return Relation(relation.comparison, left, right)


def _variables(relation: Relation) -> tuple[str, ...]:
    return free_variables((relation.left, relation.right))


def _cleared(context: Context, hint: Hint) -> Step:
    """Both sides of the goal multiplied by the divisor that the hint calls positive."""
    divisor = hint.positive
    if divisor is None or divisor not in divisors(relation_terms((context.goal,))):
        return (), context
    lines = [
        f"have d₁ : 0 < {term_text(divisor)} := by grind",
        "refine le_of_mul_le_mul d₁ ?_",
    ]
    sides = []
    for index, side in enumerate(relation_terms((context.goal,)), 1):
        product = _times(side, divisor)
        sides.append(product)
        if product != divisor * side:
            lines.append(
                f"have c{_below(index)} : {_equation(divisor * side, product)} := by grind"
            )
            lines.append(f"rw [c{_below(index)}]")
            lines.append(f"clear c{_below(index)}")
    goal = Relation(context.goal.comparison, *sides)
    return tuple(lines), Context(context.hypotheses, goal)


def _times(root: Term, divisor: Term) -> Term:
    """The product with the divisor, cancelled where the term is a multiple of a quotient by it."""
    match root:
        case Term(Operator.DIV, (numerator, below)) if below == divisor:
            return numerator
        case Term(Operator.MUL, (left, right)) if divisor in divisors((left,)):
            return _times(left, divisor) * right
        case Term(Operator.MUL, (left, right)) if divisor in divisors((right,)):
            return left * _times(right, divisor)
        case Term(Operator.ADD | Operator.SUB as operator, (left, right)):
            return Term(operator, (_times(left, divisor), _times(right, divisor)))
        case _:
            return divisor * root


def _equation(left: Term, right: Term) -> str:
    return relation_text(Relation(Comparison.EQ, left, right), "α")


def _multiples(context: Context, hint: Hint) -> tuple[str, ...]:
    """The hinted multiples whose factor and hypotheses the statement knows."""
    names = {hypothesis.name for hypothesis in context.hypotheses}
    defining = [hypothesis.relation for hypothesis in context.hypotheses if hypothesis.defines]
    known = set(free_variables(relation_terms((*defining, context.goal))))
    useful = [
        multiple
        for multiple in hint.multiples
        if {multiple.below, multiple.above} <= names and known.issuperset(_names(multiple.factor))
    ]
    return tuple(
        f"have p{_below(index)} := mul_between {argument_text(multiple.factor)} "
        f"{lean_name(multiple.below)} {lean_name(multiple.above)}"
        for index, multiple in enumerate(useful, 1)
    )


def _names(root: Term) -> tuple[str, ...]:
    return free_variables((root,))


@dataclass(frozen=True, slots=True)
class CaseSplit:
    """A lemma of the prelude with two cases, and its arguments."""

    lemma: str
    arguments: tuple[Term, ...]

    @property
    def text(self) -> str:
        """The lemma applied."""
        return " ".join((self.lemma, *(argument_text(argument) for argument in self.arguments)))


def _factors(context: Context) -> tuple[CaseSplit, ...]:
    """The splits of what is multiplied by something not constant, outermost first."""
    found: dict[CaseSplit, None] = {}
    for node in _nodes(context):
        if node.head is Operator.MUL and all(_names(factor) for factor in node.arguments):
            for inner in reversed(tuple(subterms(node))):
                if inner.head in (Operator.MAX, Operator.MIN):
                    found[CaseSplit("order_cases", inner.arguments)] = None
                elif inner.head in _CASES:
                    found[_split(inner)] = None
    return tuple(found)


def _split(node: Term) -> CaseSplit:
    if not isinstance(node.head, Operator):
        raise TypeError(f"{node.head} has no cases")
    return CaseSplit(_CASES[node.head], node.arguments)


def _nodes(context: Context) -> Iterator[Term]:
    for root in context.terms:
        yield from subterms(root)


def _splits(factors: tuple[CaseSplit, ...]) -> Iterator[str]:
    """Each split made, and what it says of the values rewritten everywhere."""
    for index, factor in enumerate(factors, 1):
        which = _below(index)
        both = factor.lemma == "order_cases"
        pattern = f"⟨h{which}, e{which}, f{which}⟩" if both else f"⟨e{which}, h{which}⟩"
        values = f"e{which}, f{which}" if both else f"e{which}"
        # A split of a later factor meets every case of the earlier ones.
        everywhere = "all_goals " if index > 1 else ""
        yield f"{everywhere}rcases {factor.text} with {pattern} | {pattern}"
        yield f"all_goals simp only [{values}] at *"


def _cases(context: Context, factors: tuple[CaseSplit, ...]) -> tuple[str, ...]:
    """What is known of each remaining minimum, maximum, absolute value and selection."""
    nodes = dict.fromkeys(node for node in _nodes(context) if node.head in _CASES)
    done = {factor.arguments for factor in factors if factor.lemma == "order_cases"}
    remaining = [
        split.text
        for split in map(_split, nodes)
        if split not in factors and not (split.lemma in _ORDERED and split.arguments in done)
    ]
    return tuple(f"have m{_below(index)} := {text}" for index, text in enumerate(remaining, 1))


def _below(index: int) -> str:
    """The number as a subscript; no variable or side has one, so no name is taken twice."""
    return str(index).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))
