"""A finding as a Python program to paste: the producer, and exact fractions.

The function's value at the point is computed by the program itself where the operator is
arithmetic; where it is irrational a rational that bounds it, proved by ball arithmetic, stands in
the program. The program prints by how much the claim is false.
"""

from dataclasses import dataclass

from gmpy2 import mpq

from refsem.exact.functions import STEPS, Function
from refsem.hunt.boxes import Box
from refsem.hunt.claims import Side
from refsem.hunt.judging import Finding, Violation
from refsem.hunt.producer import Producer
from refsem.ir.readings import to_text
from refsem.ir.terms import Operator, Term, fold

_STEPS = {
    Function.FLOOR: "{} // 1",
    Function.CEIL: "-(-{} // 1)",
    Function.ROUND: "round({})",
    Function.TRUNC: "int({})",
}


@dataclass(frozen=True, slots=True)
class PythonFractions:
    """Terms as Python expressions over `Fraction`s, fully parenthesised."""

    def constant(self, value: mpq) -> str:
        """A `Fraction`."""
        return fraction_text(value)

    def variable(self, name: str) -> str:
        """The name."""
        return name

    def apply(self, operator: Operator, arguments: tuple[str, ...]) -> str:
        """The operator, a builtin, or a conditional."""
        match operator:
            case Operator.ADD | Operator.SUB | Operator.MUL | Operator.DIV:
                return f"({arguments[0]} {operator.symbol} {arguments[1]})"
            case Operator.NEG:
                return f"(-{arguments[0]})"
            case Operator.MIN | Operator.MAX | Operator.ABS:
                return f"{operator.symbol}({', '.join(arguments)})"
            case Operator.SELECT:
                a, b, x, y = arguments
                return f"({x} if {a} <= {b} else {y})"

    def function(self, function: Function, argument: str) -> str:
        """A step function by Python's own; `TypeError` for the rest: they are irrational."""
        if function in STEPS:
            return f"Fraction({_STEPS[function].format(argument)})"
        raise TypeError(f"{function.value}({argument}) is no fraction")


def fraction_text(value: mpq) -> str:
    """The number as a `Fraction`."""
    if value.denominator == 1:
        return f"Fraction({value.numerator})"
    return f"Fraction({value.numerator}, {value.denominator})"


def python_repro(producer: Producer, finding: Finding) -> str:
    """The program."""
    boxes = (*finding.before, finding.box, *finding.after)
    attributes = finding.statement.arguments()
    keywords = "".join(f", {name}={value!r}" for name, value in attributes.items())
    lines = [
        "from fractions import Fraction",
        "import numpy as np",
        producer.preamble,
        f"lower = {_array(boxes, 0)}",
        f"upper = {_array(boxes, 1)}",
        f"answer = bounds({finding.statement.operator!r}, lower, upper{keywords})",
    ]
    lines += _claim_lines(finding, len(finding.before))
    if finding.violation is not None:
        lines += _truth_lines(finding, finding.violation)
    return "\n".join(lines)


def _array(boxes: tuple[Box, ...], end: int) -> str:
    rows = zip(*boxes, strict=True)
    shown = ["[" + ", ".join(_float(range_[end]) for range_ in row) + "]" for row in rows]
    return f"np.array([{', '.join(shown)}])"


def _float(value: float) -> str:
    """A literal that reads back exactly."""
    return repr(value)


def _claim_lines(finding: Finding, place: int) -> list[str]:
    side = finding.side.word
    if finding.violation is None:
        keys = [f"{side}_slope", f"{side}_intercept"] if finding.line else [side]
        return [f'print({", ".join(f"""answer["{key}"][..., {place}]""" for key in keys)})']
    lines = [
        f"{name} = {fraction_text(value)}"
        for name, value in zip(finding.statement.operands, finding.violation.point, strict=True)
    ]
    if not finding.line:
        return [*lines, f'claimed = Fraction(float(answer["{side}"][{place}]))']
    products = [
        f'Fraction(float(answer["{side}_slope"][{i}, {place}])) * {name}'
        for i, name in enumerate(finding.statement.operands)
    ]
    intercept = f'Fraction(float(answer["{side}_intercept"][{place}]))'
    return [*lines, f"claimed = {' + '.join(products)} + {intercept}"]


def _truth_lines(finding: Finding, violation: Violation) -> list[str]:
    term: Term = finding.statement.term
    if not finding.statement.rational:
        known = violation.value.upper if finding.side is Side.LOWER else violation.value.lower
        most = "at most" if finding.side is Side.LOWER else "at least"
        proof = f"# {to_text(term)} is {most} this, by ball arithmetic"
        lines = [f"truth = {fraction_text(known)}  {proof}"]
    else:
        lines = [f"truth = {fold(term, PythonFractions())}"]
    difference = "claimed - truth" if finding.side is Side.LOWER else "truth - claimed"
    return [*lines, f"print({difference})  # {violation.amount}: positive, so the claim is false"]
