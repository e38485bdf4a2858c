"""What a VNN-LIB text means: polarity, bounds, cases, and agreement with an evaluator."""

from fractions import Fraction
from itertools import product

import pytest
import vnnlib_text
from gmpy2 import mpq
from hypothesis import given
from hypothesis import strategies as st

from refsem.errors import InputError
from refsem.properties import Case, LinearConstraint, Property
from refsem.properties.sexpressions import Source
from refsem.properties.vnnlib import read_vnnlib

DECLARED = "(declare-const X_0 Real)(declare-const X_1 Real)(declare-const Y_0 Real)"
BOXED = "(assert (and (>= X_0 0) (<= X_0 1) (>= X_1 -1) (<= X_1 1)))"
OUTPUT = "(assert (<= Y_0 0))"


def read(text: str) -> Property:
    return read_vnnlib(Source("f.vnnlib", text))


def refusal(text: str) -> tuple[str, str]:
    with pytest.raises(InputError) as caught:
        read(text)
    return caught.value.place, caught.value.message


def only_case(asserted: str) -> Case:
    (case,) = read(DECLARED + BOXED + asserted).cases
    return case


def y(coefficient: str, bound: str, *, strict: bool = False) -> LinearConstraint:
    return LinearConstraint((), ((0, mpq(coefficient)),), mpq(bound), strict)


# Polarity: the file asserts what is unsafe.


@pytest.mark.parametrize(
    ("condition", "unsafe"),
    [
        ("(<= Y_0 3.99)", (y("1", "399/100"),)),
        ("(>= Y_0 3.99)", (y("-1", "-399/100"),)),
        ("(< Y_0 3.99)", (y("1", "399/100", strict=True),)),
        ("(> Y_0 3.99)", (y("-1", "-399/100", strict=True),)),
        ("(= Y_0 3.99)", (y("1", "399/100"), y("-1", "-399/100"))),
        ("(<= 3.99 Y_0)", (y("-1", "-399/100"),)),
        ("(>= (* -2 Y_0) (- 1))", (y("2", "1"),)),
    ],
)
def test_each_comparison_becomes_at_most_a_bound(
    condition: str, unsafe: tuple[LinearConstraint, ...]
) -> None:
    assert only_case(f"(assert {condition})").unsafe == unsafe


def test_swapping_the_polarity_changes_the_meaning() -> None:
    swapped = [only_case(f"(assert ({name} Y_0 1))").unsafe for name in ("<=", ">=", "<", ">")]
    assert len(set(swapped)) == 4


def test_constraints_keep_the_order_of_the_file_across_nested_conjunctions() -> None:
    text = (
        "(assert (<= Y_0 5))(assert (or (<= Y_0 4)(<= Y_0 3)))(assert (and (<= Y_0 2)(<= Y_0 1)))"
    )
    spec = read(DECLARED + BOXED + text)
    assert [[c.bound for c in case.unsafe] for case in spec.cases] == [[5, 4, 2, 1], [5, 3, 2, 1]]


def test_mixed_and_several_input_conditions_are_unsafe_constraints() -> None:
    case = only_case("(assert (<= (+ X_0 Y_0) X_1))(assert (< (* 2 X_1) (- X_0 0.5)))")
    assert case.unsafe == (
        LinearConstraint(((0, mpq(1)), (1, mpq(-1))), ((0, mpq(1)),), mpq(0), strict=False),
        LinearConstraint(((0, mpq(-1)), (1, mpq(2))), (), mpq("-1/2"), strict=True),
    )


# Arithmetic is exact.


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        ("0.1", "1/10"),
        ("-1e0", "-1"),
        ("(/ 1 3)", "1/3"),
        ("(/ 1 3 -2)", "-1/6"),
        ("(- 2)", "-2"),
        ("(- 1 2 3)", "-4"),
        ("(+ 1)", "1"),
        ("010", "10"),
        ("-00.50", "-1/2"),
        ("(+ 1 (* X_0 (* 0 X_1)))", "1"),
        ("(/ 3 (- 2 (- X_1 X_1)))", "3/2"),
        ("(+ 0.1 0.2)", "3/10"),
        ("(* 2 3 (- 0.5))", "-3"),
        ("(* (+ 1 1) (/ 3 4))", "3/2"),
        ("0.1000000000000000055511151231257827", "1000000000000000055511151231257827/1" + 34 * "0"),
    ],
)
def test_constants(term: str, expected: str) -> None:
    assert only_case(f"(assert (<= Y_0 {term}))").unsafe == (y("1", expected),)


def test_a_variable_that_cancels_is_gone() -> None:
    case = only_case("(assert (<= (- (+ Y_0 X_0 X_1) X_0 X_1) (* 0 X_0)))")
    assert case.unsafe == (y("1", "0"),)


# Boxes.


@pytest.mark.parametrize(
    ("condition", "lower", "upper"),
    [
        ("(>= (* (- 2) X_0) (- 1))", "0", "1/2"),
        ("(>= (+ X_0 1) 1.5)", "1/2", "1"),
        ("(>= 0.5 X_0)", "0", "1/2"),
        ("(= X_0 (/ 1 3))", "1/3", "1/3"),
        ("(>= (- (* 3 X_0) X_0) X_0)", "0", "1"),
        ("(<= X_0 7)", "0", "1"),
        ("(>= X_0 -7)", "0", "1"),
        ("(<= (/ X_0 -4) (- 0.125))", "1/2", "1"),
    ],
)
def test_a_condition_on_one_input_is_a_bound_and_the_tightest_wins(
    condition: str, lower: str, upper: str
) -> None:
    expected = Case((mpq(lower), mpq(-1)), (mpq(upper), mpq(1)), (y("1", "0"),))
    for asserted in (f"(assert {condition})" + OUTPUT, OUTPUT + f"(assert {condition})"):
        assert only_case(asserted) == expected
        assert read(DECLARED + asserted + BOXED).cases == (expected,)


def test_a_strict_bound_that_wins_closes_the_box_and_stays_as_a_constraint() -> None:
    case = only_case("(assert (< X_0 1))(assert (<= Y_0 0))(assert (> X_1 -0.5))(assert (< X_0 9))")
    assert case.upper == (1, 1)
    assert case.lower == (0, mpq("-1/2"))
    assert case.unsafe == (
        LinearConstraint(((0, mpq(1)),), (), mpq(1), strict=True),
        y("1", "0"),
        LinearConstraint(((1, mpq(-1)),), (), mpq("1/2"), strict=True),
    )


def test_a_strict_bound_outdone_in_one_case_only_stays_in_the_others() -> None:
    spec = read(DECLARED + BOXED + OUTPUT + "(assert (< X_0 0.5))(assert (or (<= X_0 0.25)"
                " (<= X_0 0.75) (< X_0 0.5) (< X_0 0.1)))")  # fmt: skip
    strict = LinearConstraint(((0, mpq(1)),), (), mpq("1/2"), strict=True)
    tighter = LinearConstraint(((0, mpq(1)),), (), mpq("1/10"), strict=True)
    assert [case.upper[0] for case in spec.cases] == [mpq(s) for s in ("1/4", "1/2", "1/2", "1/10")]
    assert [case.unsafe[1:] for case in spec.cases] == [(), (strict,), (strict,), (tighter,)]


def test_cases_without_bounds_of_their_own_share_the_box() -> None:
    first, second = read(DECLARED + BOXED + "(assert (or (<= Y_0 0) (>= Y_0 1)))").cases
    assert first.lower is second.lower
    assert first.upper is second.upper


def test_every_disjunct_may_bring_its_own_box() -> None:
    text = DECLARED + OUTPUT + "(assert (<= X_1 9))(assert (or {}))".format(
        "(and (>= X_0 0) (<= X_0 1) (>= X_1 2)) (and (>= X_0 4) (<= X_0 5) (>= X_1 6) (<= X_1 7))"
    )  # fmt: skip
    boxes = [(case.lower, case.upper) for case in read(text).cases]
    assert boxes == [((0, 2), (1, 9)), ((4, 6), (5, 7))]


def test_an_input_may_be_a_single_point() -> None:
    assert only_case(OUTPUT + "(assert (<= X_0 0))").upper == (0, 1)


# Empty boxes.


@pytest.mark.parametrize("conflict", ["(<= X_0 -0.5)", "(< X_0 0)", "(> X_0 1)", "(= X_1 3)"])
def test_an_empty_box_is_refused_where_it_becomes_empty(conflict: str) -> None:
    place, message = refusal(DECLARED + BOXED + OUTPUT + f"\n  (assert {conflict})")
    assert place == "line 2, column 12"
    assert message.startswith("an empty box: X_")


def test_the_two_bounds_that_make_the_box_empty_are_named() -> None:
    _, message = refusal(DECLARED + BOXED + OUTPUT + "(assert (< X_0 (/ -1 3)))")
    assert message == "an empty box: X_0 >= 0 and X_0 < -1/3"


@pytest.mark.parametrize(
    "conditions",
    [
        ["(<= X_1 0)", "(= X_0 0)", "(<= X_0 -1)", "(>= X_1 1)"],
        ["(>= X_1 1)", "(= X_0 0)", "(<= X_0 -1)", "(<= X_1 0)"],
        ["(<= X_1 0)", "(= X_0 0)", "(>= X_0 1)", "(>= X_1 1)"],
        ["(>= X_1 1)", "(= X_0 0)", "(>= X_0 1)", "(<= X_1 0)"],
    ],
)
def test_of_several_empty_sides_the_first_to_become_empty_is_reported(
    conditions: list[str],
) -> None:
    lines = [DECLARED + OUTPUT, *(f"(assert {condition})" for condition in conditions)]
    place, message = refusal("\n".join(lines))
    assert place == "line 4, column 10"
    assert message.startswith("an empty box: X_0")


def test_a_disjunct_empty_by_its_own_bounds_is_refused() -> None:
    text = DECLARED + BOXED + OUTPUT
    text += "\n(assert (or (<= X_0 1)\n (and (>= X_0 0.75) (<= Y_0 7) (<= X_0 0.5))))"
    place, message = refusal(text)
    assert place == "line 3, column 33"
    assert message == "an empty box: X_0 >= 3/4 and X_0 <= 1/2"


def test_a_disjunct_empty_only_within_the_bounds_around_it_is_left_out() -> None:
    spec = read(DECLARED + BOXED + OUTPUT + "(assert (or (>= X_0 2) (<= X_0 0.5) (> X_0 1)))")
    assert [case.upper[0] for case in spec.cases] == [mpq("1/2")]


def test_a_choice_of_disjuncts_empty_by_combination_is_left_out() -> None:
    halves = "(assert (or (<= X_0 0.25) (>= X_0 0.75)))"
    spec = read(DECLARED + BOXED + OUTPUT + halves + halves)
    assert [(case.lower[0], case.upper[0]) for case in spec.cases] == [(0, mpq("1/4")),
                                                                       (mpq("3/4"), 1)]  # fmt: skip


def test_a_combination_nested_in_a_disjunct_is_left_out_as_well() -> None:
    nested = "(and (>= X_0 0.75) (or (<= X_0 0.5) (<= X_0 0.8)))"
    spec = read(DECLARED + BOXED + OUTPUT + f"(assert (or {nested} (= X_0 0)))")
    assert [case.upper[0] for case in spec.cases] == [mpq("4/5"), 0]


def test_a_disjunction_of_one_within_a_disjunct_is_still_a_combination() -> None:
    nested = "(and (>= X_0 0.75) (or (<= X_0 0.5)))"
    spec = read(DECLARED + BOXED + OUTPUT + f"(assert (or {nested} (= X_0 0)))")
    assert [case.upper[0] for case in spec.cases] == [0]


def test_no_combination_left_is_refused() -> None:
    text = DECLARED + BOXED + OUTPUT + "\n(assert (or (>= X_0 2) (<= X_0 -1)))"
    assert refusal(text) == ("line 2, column 14", "an empty box: X_0 >= 2 and X_0 <= 1")


# Conditions without variables.


@pytest.mark.parametrize("true", ["(<= 0 1)", "(<= 1 1)", "(= 2 2)", "(< 0 1)", "(>= Y_0 Y_0)",
                                  "(or (<= 1 0) (<= 0 1))", "(<= (* 0 X_0) 1000)"])  # fmt: skip
def test_a_true_condition_leaves_no_trace(true: str) -> None:
    plain = only_case(OUTPUT)
    assert only_case(f"(assert {true})" + OUTPUT) == plain
    assert only_case(f"(assert (and (<= Y_0 0) {true}))") == plain


@pytest.mark.parametrize("false", ["(<= 1 0)", "(< 1 1)", "(= 1 2)", "(> Y_0 Y_0)",
                                   "(and (<= Y_0 1) (<= 1 0))", "(or (<= 1 0) (<= 2 1))",
                                   "(and (or (<= Y_0 1) (>= Y_0 2)) (<= 1 0))"])  # fmt: skip
def test_a_false_condition_is_refused_alone_and_drops_its_disjunct(false: str) -> None:
    place, message = refusal(DECLARED + BOXED + OUTPUT + f"\n(assert {false})")
    assert (place, message) == ("line 2, column 9", "this condition can never be met")
    assert only_case(f"(assert (or {false} (<= Y_0 0)))") == only_case(OUTPUT)


def test_a_true_disjunct_leaves_nothing_to_judge() -> None:
    place, message = refusal(DECLARED + BOXED + "(assert\n(or (<= Y_0 1) (<= 0 1)))")
    assert place == "line 2, column 16"
    assert message.startswith("nothing is asserted about an output")


def test_a_case_is_placed_at_its_innermost_last_disjunct() -> None:
    nested = "(or (>= Y_0 1)\n (and (<= Y_0 1)\n  (or (>= Y_0 0)\n   (<= 0 1))))"
    place, _ = refusal(DECLARED + BOXED + f"(assert\n{nested})".replace("(<= Y_0 1)", "(<= 0 1)"))
    assert place == "line 5, column 4"


# Against the evaluator.


@given(vnnlib_text.properties())
def test_reading_a_printed_property_is_the_identity(spec: Property) -> None:
    assert read(vnnlib_text.printed(spec)) == spec


@given(vnnlib_text.texts(), st.lists(vnnlib_text.points, min_size=1, max_size=20))
def test_a_point_meets_the_text_exactly_when_it_lies_in_a_case(
    stated: tuple[str, tuple[str, ...]], codes: list[int]
) -> None:
    text, names = stated
    spec = read(text)
    for code in codes:
        point = vnnlib_text.point_at(names, code)
        assert vnnlib_text.belongs(spec, point) == vnnlib_text.meets(text, point)


intervals = st.tuples(st.integers(-3, 3), st.integers(0, 3)).map(lambda p: (p[0], p[0] + p[1]))


@given(st.lists(st.lists(intervals, min_size=2, max_size=3), min_size=1, max_size=3))
def test_combined_boxes_are_the_intersections_that_are_not_empty(
    unions: list[list[tuple[int, int]]],
) -> None:
    """(A or B) and (C or D) over one input: the cases are the common parts, in order."""
    text = "(declare-const X_0 Real)(declare-const Y_0 Real)(assert (<= Y_0 0))"
    for union in unions:
        parts = " ".join(f"(and (>= X_0 {low}) (<= X_0 {high}))" for low, high in union)
        text += f"(assert (or {parts}))"
    common = [(max(low for low, _ in c), min(high for _, high in c)) for c in product(*unions)]
    expected = [(low, high) for low, high in common if low <= high]
    if not expected:
        assert refusal(text)[1].startswith("an empty box")
        return
    spec = read(text)
    assert [(case.lower[0], case.upper[0]) for case in spec.cases] == expected
    for x in [Fraction(k, 2) for k in range(-8, 14)]:
        point = {"X_0": x, "Y_0": Fraction(0)}
        assert vnnlib_text.belongs(spec, point) == vnnlib_text.meets(text, point)
