"""Forward forms are the rules, one entry at a time, summed."""

import numpy as np
import pytest
from gmpy2 import mpq
from hypothesis import given
from hypothesis import strategies as st

from refsem.exact import ExactTensor
from refsem.ir.affine import AffineNode, Piece
from refsem.ir.readings import evaluate
from refsem.ir.steps import Gather, Matrix, Scale, Total
from refsem.rules import BY_NAME
from refsem.rules.forward import (
    Forms,
    beside,
    constant_forms,
    follows_above,
    follows_below,
    input_forms,
    relu_above,
    relu_below,
    through_affine,
)

NUMBERS = st.fractions(-3, 3, max_denominator=4).map(mpq)


def tensor(rows: list[list[mpq]]) -> ExactTensor:
    return ExactTensor.from_rationals([v for row in rows for v in row], (len(rows), len(rows[0])))


def matrices(rows: int, columns: int) -> st.SearchStrategy[ExactTensor]:
    row = st.lists(NUMBERS, min_size=columns, max_size=columns)
    return st.lists(row, min_size=rows, max_size=rows).map(tensor)


def derived(name: str, index: int, **values: mpq) -> mpq:
    return evaluate(BY_NAME[name].derived[index].term, values)


@given(matrices(3, 2), matrices(3, 2), matrices(2, 2), matrices(1, 2), matrices(1, 2))
def test_an_affine_step_is_the_substitution_rule_summed(
    lower: ExactTensor,
    upper: ExactTensor,
    weight: ExactTensor,
    factor: ExactTensor,
    constant: ExactTensor,
) -> None:
    turned = Gather(np.array([1, 0]), 2)
    steps = (Scale(factor), turned, Matrix.of(1, weight.reshape(1, 2, 2)))
    node = AffineNode((Piece("x", steps),), constant)
    found = through_affine(node, {"x": Forms(lower, upper)})
    for out in range(2):
        for row in range(3):
            below = above = constant.rational(0, out) if row == 2 else mpq(0)
            for k in range(2):
                # entry k of the scaled operand lands at place 1 − k of the turned one
                c = weight.rational(1 - k, out) * factor.rational(0, k)
                line = {"su": upper.rational(row, k), "sl": lower.rational(row, k)}
                above += derived("substitute_upper", 0, c=c, bu=mpq(0), bl=mpq(0), **line)
                below += derived("substitute_lower", 0, c=c, bu=mpq(0), bl=mpq(0), **line)
            assert found.lower.rational(row, out) == below
            assert found.upper.rational(row, out) == above


@given(matrices(3, 2), matrices(3, 2), NUMBERS, NUMBERS, st.fractions(0, 1).map(mpq))
def test_a_relu_step_takes_the_rules_intercepts(
    lower: ExactTensor, upper: ExactTensor, a: mpq, b: mpq, slope: mpq
) -> None:
    low, high = min(a, b), max(a, b)
    box = tensor([[low, low]]), tensor([[high, high]])
    slopes = tensor([[slope, slope]])
    above = relu_above(Forms(lower, upper), box, slopes)
    intercept = derived("relu_upper", 0, l=low, u=high, s=slope)
    assert above.rational(2, 1) == slope * upper.rational(2, 1) + intercept
    assert above.rational(0, 1) == slope * upper.rational(0, 1)
    below = relu_below(Forms(lower, upper), slopes)
    assert below.rational(2, 0) == slope * lower.rational(2, 0)


def test_a_falling_line_above_composes_the_form_below() -> None:
    forms = Forms(tensor([[mpq(2)], [mpq(-1)]]), tensor([[mpq(3)], [mpq(5)]]))
    box = tensor([[mpq(-1)]]), tensor([[mpq(1)]])
    found = relu_above(forms, box, tensor([[mpq(-1, 2)]]))
    assert found.rationals() == [-1, mpq(1, 2) + mpq(3, 2)]  # relu(1) + 1/2 is the intercept


def test_slopes_on_the_same_operand_twice_add_up() -> None:
    forms = Forms(tensor([[mpq(2)], [mpq(-1)]]), tensor([[mpq(3)], [mpq(5)]]))
    parts = [(tensor([[mpq(1, 2)]]), forms), (tensor([[mpq(-2)]]), forms)]
    below = beside(BY_NAME["compose_lower"], parts, tensor([[mpq(7)]]))
    above = beside(BY_NAME["compose_upper"], parts, tensor([[mpq(7)]]))
    assert below.rationals() == [1 - 6, mpq(-1, 2) - 10 + 7]
    assert above.rationals() == [mpq(3, 2) - 4, mpq(5, 2) + 2 + 7]


def test_slopes_below_outside_0_to_1_are_refused() -> None:
    for slope in (mpq(-1, 2), mpq(3, 2)):
        with pytest.raises(ValueError, match="does not hold"):
            relu_below(input_forms(1), tensor([[slope]]))


def test_a_node_between_lines_of_no_operand_is_refused() -> None:
    with pytest.raises(ValueError, match="without operands"):
        beside(BY_NAME["compose_upper"], [], tensor([[mpq(1)]]))


@given(matrices(3, 2), matrices(3, 2), matrices(2, 2), matrices(1, 2), matrices(1, 2))
def test_each_side_of_a_chain_of_steps_is_that_of_its_intervals(
    one: ExactTensor,
    other: ExactTensor,
    weight: ExactTensor,
    factor: ExactTensor,
    end: ExactTensor,
) -> None:
    """Where the columns are ends of boxes, mixing them step by step is interval propagation."""
    lower, upper = one.minimum(other), one.maximum(other)
    steps = (Scale(factor), Matrix.of(1, weight.reshape(1, 2, 2)), Total(1, 2), Scale(end[:, :1]))
    piece = Piece("x", steps)
    node = AffineNode((piece,), tensor([[mpq(0)]]))
    found = through_affine(node, {"x": Forms(lower, upper)})
    expected = piece.interval((lower, upper))
    assert found.lower.equal(expected[0]).all()
    assert found.upper.equal(expected[1]).all()


@given(matrices(3, 1), matrices(3, 1), matrices(2, 1), matrices(2, 1))
def test_a_claim_follows_exactly_when_it_does_at_every_corner(
    claimed: ExactTensor, established: ExactTensor, one: ExactTensor, other: ExactTensor
) -> None:
    low, high = one.minimum(other), one.maximum(other)
    corners = [(x, y) for x in range(2) for y in range(2)]
    gaps = []
    for corner in corners:
        point = [(low, high)[pick].rational(axis, 0) for axis, pick in enumerate(corner)] + [mpq(1)]
        values = [
            sum(c * v for c, v in zip(form.rationals(), point, strict=True))
            for form in (claimed, established)
        ]
        gaps.append(values[0] - values[1])
    assert follows_below(claimed, established, (low, high)).rational(0, 0) == max(gaps)
    assert follows_above(claimed, established, (low, high)).rational(0, 0) == max(-g for g in gaps)


def test_constant_forms_do_not_look_at_inputs() -> None:
    forms = constant_forms(2, tensor([[mpq(1), mpq(2)]]), tensor([[mpq(3), mpq(4)]]))
    assert forms.lower.rationals() == [0, 0, 0, 0, 1, 2]
    assert forms.upper.rationals() == [0, 0, 0, 0, 3, 4]
    with pytest.raises(ValueError, match="without variable operands"):
        through_affine(AffineNode((), tensor([[mpq(1)]])), {})
