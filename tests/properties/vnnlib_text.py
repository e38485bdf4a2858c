"""The other side of the reader: properties printed as text, and text evaluated at a point.

The evaluator shares nothing with the reader: it builds nested lists, recurses, counts in
`fractions.Fraction` and knows neither boxes nor cases. The strategies draw valid texts and
properties by construction.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

from gmpy2 import mpq
from hypothesis import strategies as st

from refsem.properties import Case, LinearConstraint, Property

Point = dict[str, Fraction]


# Evaluating text.


def parse(text: str) -> list:
    """Nested lists of words."""
    stack: list[list] = [[]]
    for word in re.findall(r"[()]|[^\s()]+", re.sub(r";.*", "", text)):
        if word == "(":
            stack.append([])
        elif word == ")":
            group = stack.pop()
            stack[-1].append(group)
        else:
            stack[-1].append(word)
    (top,) = stack
    return top


def meets(text: str, point: Point) -> bool:
    """Whether the point meets every assertion of the text."""
    return all(holds(command[1], point) for command in parse(text) if command[0] == "assert")


def holds(condition: list, point: Point) -> bool:
    head, *operands = condition
    if head == "and":
        return all(holds(operand, point) for operand in operands)
    if head == "or":
        return any(holds(operand, point) for operand in operands)
    left, right = (value(operand, point) for operand in operands)
    return {
        "<=": left <= right,
        ">=": left >= right,
        "<": left < right,
        ">": left > right,
        "=": left == right,
    }[head]


def value(term: str | list, point: Point) -> Fraction:
    if isinstance(term, str):
        return point[term] if term in point else Fraction(term)
    head, *operands = term
    first, *others = (value(operand, point) for operand in operands)
    if head == "-" and not others:
        return -first
    for other in others:
        match head:
            case "+":
                first += other
            case "-":
                first -= other
            case "*":
                first *= other
            case "/":
                first /= other
    return first


# Membership in a property.


def belongs(spec: Property, point: Point) -> bool:
    """Whether the point lies in one of the cases."""
    inputs = [point[f"X_{i}"] for i in range(spec.inputs)]
    outputs = [point[f"Y_{j}"] for j in range(spec.outputs)]
    return any(_in_case(case, inputs, outputs) for case in spec.cases)


def _in_case(case: Case, inputs: list[Fraction], outputs: list[Fraction]) -> bool:
    boxed = all(
        Fraction(low) <= x <= Fraction(high)
        for low, x, high in zip(case.lower, inputs, case.upper, strict=True)
    )
    return boxed and all(_met(constraint, inputs, outputs) for constraint in case.unsafe)


def _met(constraint: LinearConstraint, inputs: list[Fraction], outputs: list[Fraction]) -> bool:
    total = sum((Fraction(c) * inputs[i] for i, c in constraint.inputs), Fraction(0))
    total += sum((Fraction(c) * outputs[j] for j, c in constraint.outputs), Fraction(0))
    bound = Fraction(constraint.bound)
    return total < bound if constraint.strict else total <= bound


# Printing properties.


def number(q: mpq) -> str:
    """A way to write the rational: a decimal when it has one, else a quotient."""
    q = Fraction(q)
    shift = next((k for k in range(40) if 10**k % q.denominator == 0), None)
    if shift is None:
        return f"(/ {q.numerator} {q.denominator})"
    return f"{q.numerator * (10**shift // q.denominator)}e-{shift}"


def printed(spec: Property) -> str:
    """VNN-LIB text of the property: one assertion each, or a disjunction of its cases."""
    lines = [f"(declare-const X_{i} Real)" for i in range(spec.inputs)]
    lines += [f"(declare-const Y_{j} Real)" for j in range(spec.outputs)]
    if len(spec.cases) == 1:
        lines += [f"(assert {condition})" for condition in conditions(spec.cases[0])]
    else:
        lines.append("(assert (or")
        lines += [f"  (and {' '.join(conditions(case))})" for case in spec.cases]
        lines.append("))")
    return "\n".join(lines)


def conditions(case: Case) -> list[str]:
    """What a case says, box first."""
    box = []
    for i, (low, high) in enumerate(zip(case.lower, case.upper, strict=True)):
        box += [f"(>= X_{i} {number(low)})", f"(<= X_{i} {number(high)})"]
    return box + [_condition(constraint) for constraint in case.unsafe]


def _condition(constraint: LinearConstraint) -> str:
    terms = [f"(* {number(c)} X_{i})" for i, c in constraint.inputs]
    terms += [f"(* Y_{j} {number(c)})" for j, c in constraint.outputs]
    total = terms[0] if len(terms) == 1 else f"(+ {' '.join(terms)})"
    return f"({'<' if constraint.strict else '<='} {total} {number(constraint.bound)})"


# Drawing properties.

DENOMINATORS = (1, 2, 7, 10, 1000, 2**30)


def spread(k: int) -> mpq:
    """A rational for each integer, of many sizes and denominators."""
    numerator, choice = divmod(k, len(DENOMINATORS))
    return mpq(numerator, DENOMINATORS[choice])


rationals = st.integers(-(10**6), 10**6).map(spread)
nonzero = rationals.map(lambda q: q or mpq(1))
widths = st.integers(0, 10**6).map(spread)
sides = st.sampled_from([0, 1, -1])


@cache
def coefficients(count: int, least: int) -> st.SearchStrategy[tuple[tuple[int, mpq], ...]]:
    """At least `least` of `count` variables, in order, each with a coefficient that is not 0."""
    sized = st.dictionaries(st.integers(0, count - 1), nonzero, min_size=least)
    return sized.map(lambda chosen: tuple(sorted(chosen.items())))


@cache
def constraints(inputs: int, outputs: int) -> st.SearchStrategy[LinearConstraint]:
    """Constraints that are not the bound of one input; without outputs if `outputs` is 0."""
    of_inputs = coefficients(inputs, 0 if outputs else 2)
    of_outputs = coefficients(outputs, 1) if outputs else st.just(())
    return st.builds(LinearConstraint, of_inputs, of_outputs, rationals, st.booleans())


@cache
def unsafe_sets(inputs: int, outputs: int) -> st.SearchStrategy[list[LinearConstraint]]:
    """At least one constraint on an output, and others."""
    about_outputs = st.lists(constraints(inputs, outputs), min_size=1, max_size=3)
    if inputs == 1:
        return about_outputs
    about_inputs = st.lists(constraints(inputs, 0), max_size=2)
    return st.tuples(about_outputs, about_inputs).map(lambda both: both[0] + both[1])


@cache
@st.composite
def cases(draw: st.DrawFn, inputs: int, outputs: int) -> Case:
    """A box, its unsafe set, and a strict bound of some inputs that have room for it."""
    boxes = draw(st.tuples(*[st.tuples(rationals, widths, sides)] * inputs))
    lower = tuple(low for low, _, _ in boxes)
    upper = tuple(low + width for low, width, _ in boxes)
    unsafe = draw(unsafe_sets(inputs, outputs))
    for i, (_, width, side) in enumerate(boxes):
        if width > 0 and side != 0:
            end = upper[i] if side == 1 else -lower[i]
            unsafe.append(LinearConstraint(((i, mpq(side)),), (), end, strict=True))
    draw(st.randoms()).shuffle(unsafe)
    return Case(lower, upper, tuple(unsafe))


@st.composite
def properties(draw: st.DrawFn) -> Property:
    """Any property in the form the reader gives it."""
    inputs, outputs = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    some = st.lists(cases(inputs, outputs), min_size=1, max_size=3)
    return Property(inputs, outputs, tuple(draw(some)))


# Drawing texts. Every comparison is true at a witness, so that nothing is empty.

constants = st.sampled_from(
    [
        *("0", "1", "-1", "2", "0.5", "-2.50", "1e-1", "-3E+0", ".5", "3.", "(- 2)", "(/ 1 3)"),
        *("(/ 2 -4 5)", "(* 2 3 0.5)", "(+ 1 (- 3))", "(- 1 2 3)"),
    ]
)


@cache
def terms(names: tuple[str, ...]) -> st.SearchStrategy[str]:
    """Linear terms over the variables."""
    leaves = st.one_of(constants, st.sampled_from(names))

    def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        several = st.lists(inner, min_size=1, max_size=3).map(" ".join)
        return st.one_of(
            several.map(lambda some: f"(+ {some})"),
            several.map(lambda some: f"(- {some})"),
            st.builds("(* {} {} {})".format, constants, inner, constants),
            st.builds("(/ {} {})".format, inner, st.sampled_from(["2", "-0.3", "(- 1 3)"])),
        )

    return st.recursive(leaves, larger, max_leaves=4)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A comparison still to be shifted so that it holds at the witness."""

    name: str
    left: str
    right: str
    slack: int

    def text(self, witness: Point) -> str:
        gap = value(parse(self.left)[0], witness) - value(parse(self.right)[0], witness)
        signed = {"<=": 1, "<": 1, ">=": -1, ">": -1, "=": 0}[self.name] * self.slack
        shift = gap + signed + {"<": 1, ">": -1}.get(self.name, 0)
        return (
            f"({self.name} {self.left} (+ {self.right} (/ {shift.numerator} {shift.denominator})))"
        )


def rendered(formula: Comparison | tuple, witness: Point) -> str:
    if isinstance(formula, Comparison):
        return formula.text(witness)
    name, parts = formula
    return f"({name} {' '.join(rendered(part, witness) for part in parts)})"


@cache
def formulas(names: tuple[str, ...]) -> st.SearchStrategy[Comparison | tuple]:
    """Nested `and` and `or` over comparisons."""
    name = st.sampled_from(["<=", ">=", "<", ">", "="])
    comparison = st.builds(Comparison, name, terms(names), terms(names), st.integers(0, 2))
    return st.recursive(
        comparison,
        lambda inner: st.tuples(
            st.sampled_from(["and", "or"]), st.lists(inner, min_size=1, max_size=3)
        ),
        max_leaves=5,
    )


@st.composite
def texts(draw: st.DrawFn) -> tuple[str, tuple[str, ...]]:
    """A VNN-LIB text with a point in its unsafe set, and its variables."""
    inputs, outputs = draw(st.sampled_from([(1, 1), (2, 1), (3, 2)]))
    names = tuple([f"X_{i}" for i in range(inputs)] + [f"Y_{j}" for j in range(outputs)])
    witness = point_at(names, draw(points))
    asserted = [f"(and (<= -3 {name}) (>= 3.0 {name}))" for name in names[:inputs]]
    asserted.append("(<= Y_0 4)")
    some = draw(st.lists(formulas(names), max_size=3))
    asserted += [rendered(formula, witness) for formula in some]
    draw(st.randoms()).shuffle(asserted)
    commands = [f"(declare-const {name} Real)" for name in names]
    commands += [f"(assert {condition})" for condition in asserted]
    return "\n".join(commands), names


LATTICE = [Fraction(k, 2) for k in range(-6, 7)] + [Fraction(1, 3), Fraction(-7, 5), Fraction(8, 3)]
points = st.integers(0, len(LATTICE) ** 5 - 1)


def point_at(names: tuple[str, ...], code: int) -> Point:
    """The point whose coordinates are the digits of `code`."""
    base = len(LATTICE)
    return {name: LATTICE[code // base**k % base] for k, name in enumerate(names)}
