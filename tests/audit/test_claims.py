"""Properties on networks small enough to be sure: what touches, what misses by a hair, what fits.

`<=` is met by equality, so touching it is a counterexample; `<` is not. A case is empty only if a
row of it is out of reach over the whole box.
"""

from fractions import Fraction
from pathlib import Path

import builders
import pytest
from claim_files import write_property
from escape_checks import unsafe_cases
from gmpy2 import mpq
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_network import PlainNetwork, exact_ranges

from refsem.audit.findings import NetworkAudit, Verdict
from refsem.audit.network import audit_network, silent
from refsem.errors import InputError
from refsem.exact import ExactTensor
from refsem.ir import load_model
from refsem.ir.evaluation import evaluate_graph, prepare
from refsem.properties import Property, load_property
from refsem.properties.claims import check_fits, region_claims, widened
from refsem.properties.property import Case, LinearConstraint
from refsem.rules.propagation import Method

HOLDS, UNDECIDED, VIOLATED = Verdict.HOLDS, Verdict.UNDECIDED, Verdict.VIOLATED


@pytest.fixture
def same(tmp_path: Path) -> Path:
    """y = x, for one number."""
    return builders.sequential(tmp_path / "same.onnx", [builders.layer([[1]], [0])])


def audited(model: Path, wanted: Property, method: Method = Method.CROWN) -> NetworkAudit:
    """The audit; every witness is checked again in fractions."""
    prepared = prepare(load_model(model))
    check_fits(prepared, wanted, "")
    found = audit_network(prepared, wanted, method, silent)
    network = PlainNetwork.read(model)
    for region in found.regions:
        for case, witness in region.witnesses.items():
            assert case in unsafe_cases(network, wanted, witness.inputs, Fraction(0))
    return found


def over_unit(folder: Path, unsafe: str) -> Property:
    """A property over 0 ≤ X_0 ≤ 1."""
    return load_property(write_property(folder / "p.vnnlib", ["0"], ["1"], unsafe))


def verdicts(model: Path, wanted: Property) -> tuple[Verdict, Verdict]:
    found = audited(model, wanted)
    return found.verdict, found.tolerant


# touching


@pytest.mark.parametrize(
    ("unsafe", "exact", "tolerant"),
    [
        ("(assert (>= Y_0 1))", VIOLATED, VIOLATED),
        ("(assert (<= Y_0 0))", VIOLATED, VIOLATED),
        ("(assert (> Y_0 1))", HOLDS, VIOLATED),
        ("(assert (< Y_0 0))", HOLDS, VIOLATED),
        ("(assert (>= Y_0 1.0000000000000000000000001))", HOLDS, VIOLATED),
        ("(assert (>= Y_0 0.9999999999999999999999999))", VIOLATED, VIOLATED),
        ("(assert (>= Y_0 1.0002))", HOLDS, VIOLATED),
        ("(assert (> Y_0 1.0002))", HOLDS, HOLDS),
        ("(assert (>= Y_0 1.00020000000000000000001))", HOLDS, HOLDS),
        ("(assert (<= Y_0 -0.0002))", HOLDS, VIOLATED),
        ("(assert (<= Y_0 -0.00020000000000000000001))", HOLDS, HOLDS),
        ("(assert (= Y_0 0.5))", VIOLATED, VIOLATED),
        ("(assert (= Y_0 2))", HOLDS, HOLDS),
        ("(assert (and (>= Y_0 1) (<= Y_0 1)))", VIOLATED, VIOLATED),
        ("(assert (and (>= Y_0 1) (< Y_0 1)))", UNDECIDED, VIOLATED),
        ("(assert (and (>= Y_0 1) (> Y_0 1)))", HOLDS, VIOLATED),
    ],
)
def test_touching_a_weak_constraint_is_a_counterexample(
    tmp_path: Path, same: Path, unsafe: str, exact: Verdict, tolerant: Verdict
) -> None:
    """The tolerance is 1e-4 for the box and 1e-4 for the constraint: together 2e-4."""
    assert verdicts(same, over_unit(tmp_path, unsafe)) == (exact, tolerant)


@pytest.mark.parametrize("method", list(Method))
def test_touching_at_a_point_between_the_ends(tmp_path: Path, method: Method) -> None:
    """y = |x|, least at 0: a counterexample that is no corner, found as the centre."""
    layers = [builders.layer([[1, -1]], [0, 0]), builders.layer([[1], [1]], [0])]
    model = builders.sequential(tmp_path / "m.onnx", layers)
    path = write_property(tmp_path / "p.vnnlib", ["-1"], ["1"], "(assert (<= Y_0 0))")
    found = audited(model, load_property(path), method)
    assert found.verdict is VIOLATED
    witness = found.witness()
    assert witness is not None
    assert (witness.inputs, witness.outputs) == ((mpq(0),), (mpq(0),))


def test_a_strict_bound_of_the_box_excludes_its_end(tmp_path: Path, same: Path) -> None:
    unsafe = "(assert (< X_0 1))\n(assert (>= Y_0 1))"
    assert verdicts(same, over_unit(tmp_path, unsafe)) == (UNDECIDED, VIOLATED)
    assert verdicts(same, over_unit(tmp_path, "(assert (< X_0 1))(assert (>= Y_0 0.9))"))[0] in (
        UNDECIDED,
        VIOLATED,
    )


def test_a_box_of_one_point_is_decided_by_it(tmp_path: Path, same: Path) -> None:
    for unsafe, expected in (("(>= Y_0 0.1)", VIOLATED), ("(> Y_0 0.1)", HOLDS)):
        path = write_property(tmp_path / "p.vnnlib", ["0.1"], ["0.1"], f"(assert {unsafe})")
        assert audited(same, load_property(path)).verdict is expected


# inputs in constraints


@pytest.mark.parametrize(
    ("unsafe", "expected"),
    [
        ("(assert (>= (+ X_0 Y_0) 2))", VIOLATED),
        ("(assert (> (+ X_0 Y_0) 2))", HOLDS),
        ("(assert (>= (- Y_0 X_0) 0))", VIOLATED),
        ("(assert (> (- Y_0 X_0) 0))", HOLDS),
        ("(assert (< (- (* 3 Y_0) (* 3 X_0)) 0))", HOLDS),
        ("(assert (<= (/ Y_0 3) (* 0.25 X_0)))", VIOLATED),
        ("(assert (and (>= Y_0 0.75) (<= X_0 0.5)))", HOLDS),
    ],
)
def test_constraints_may_speak_of_inputs_too(
    tmp_path: Path, same: Path, unsafe: str, expected: Verdict
) -> None:
    assert audited(same, over_unit(tmp_path, unsafe)).verdict is expected


# cases


def test_one_violated_case_is_enough_and_is_named(tmp_path: Path, same: Path) -> None:
    unsafe = "(assert (or (>= Y_0 3) (and (>= Y_0 0.5) (<= Y_0 0.5)) (<= Y_0 -1)))"
    found = audited(same, over_unit(tmp_path, unsafe))
    (region,) = found.regions
    assert [region.verdict(case) for case in range(3)] == [HOLDS, VIOLATED, HOLDS]
    witness = found.witness()
    assert witness is not None
    assert (witness.case, witness.inputs) == (1, (mpq(1, 2),))


def test_cases_over_several_boxes(tmp_path: Path, same: Path) -> None:
    path = tmp_path / "p.vnnlib"
    box = "(and (>= X_0 {}) (<= X_0 {}) (>= Y_0 {}))"
    cases = [box.format(0, 1, 2), box.format(2, 3, 3), box.format(0, 1, 5), box.format(4, 5, 6)]
    declared = "(declare-const X_0 Real)(declare-const Y_0 Real)"
    path.write_text(f"{declared}(assert (or {' '.join(cases)}))")
    found = audited(same, load_property(path))
    assert [[n for n, _ in region.claims.cases] for region in found.regions] == [[0, 2], [1], [3]]
    assert found.verdict is VIOLATED
    witness = found.witness()
    assert witness is not None
    assert (witness.case, witness.inputs) == (1, (mpq(3),))
    assert [r.verdict(n) for r in found.regions for n, _ in r.claims.cases] == [
        *(HOLDS, HOLDS, VIOLATED, HOLDS),
    ]


def test_each_case_is_shown_empty_by_a_row_of_its_own(tmp_path: Path, same: Path) -> None:
    """Rows of all cases stand below each other; the row that shows a case is among its own."""
    unsafe = (
        "(assert (or (and (<= Y_0 1) (>= Y_0 2)) (and (>= Y_0 3) (<= Y_0 1)) (and (<= Y_0 -1))))"
    )
    found = audited(same, over_unit(tmp_path, unsafe))
    (region,) = found.regions
    assert region.shown == {0: 1, 1: 2, 2: 4}
    assert [list(region.claims.rows_of(position)) for position in range(3)] == [[0, 1], [2, 3], [4]]


def test_constraints_met_only_by_different_points_are_no_counterexample(tmp_path: Path) -> None:
    """Each of the two is met somewhere in the box, never both at once."""
    model = builders.sequential(tmp_path / "m.onnx", [builders.layer([[1, 1]], [0, 0])])
    unsafe = "(assert (and (>= Y_0 0.75) (<= Y_1 0.25)))"
    path = write_property(tmp_path / "p.vnnlib", ["0"], ["1"], unsafe, outputs=2)
    for method in Method:
        assert audited(model, load_property(path), method).verdict is UNDECIDED


# the widened property


def test_widening_moves_every_end_and_every_bound_by_the_tolerance() -> None:
    weak = LinearConstraint(((0, mpq(2)),), ((0, mpq(-1)),), mpq(3), strict=False)
    hard = LinearConstraint((), ((0, mpq(5)),), mpq(-1, 3), strict=True)
    case = Case((mpq(0), mpq(1, 3)), (mpq(0), mpq(2)), (weak, hard))
    (found,) = widened(Property(2, 1, (case,))).cases
    step = mpq(1, 10_000)
    assert found.lower == (-step, mpq(1, 3) - step)
    assert found.upper == (step, 2 + step)
    assert [one.bound for one in found.unsafe] == [3 + step, mpq(-1, 3) + step]
    assert [one.strict for one in found.unsafe] == [False, True]
    assert [one.inputs for one in found.unsafe] == [weak.inputs, hard.inputs]
    assert [one.outputs for one in found.unsafe] == [weak.outputs, hard.outputs]


# points


def test_points_outside_the_box_are_no_counterexamples(tmp_path: Path, same: Path) -> None:
    prepared = prepare(load_model(same))
    (claims,) = region_claims(prepared, over_unit(tmp_path, "(assert (>= Y_0 0.5))"))
    tiny = mpq(1, 10**50)
    rows = [mpq(2), 1 + tiny, -tiny, mpq(0), mpq(1, 2) - tiny, mpq(1, 2), mpq(1)]
    points = ExactTensor.from_rationals(rows, (7, 1))
    values = evaluate_graph(prepared, {"x": points})
    assert claims.inside(points).tolist() == [False] * 3 + [True] * 4
    assert claims.met(values)[:, 0].tolist() == [True, True, False, False, False, True, True]
    assert claims.unsafe_points(values) == {0: 5}


def test_a_point_is_outside_if_one_coordinate_is(tmp_path: Path) -> None:
    model = builders.sequential(tmp_path / "m.onnx", [builders.layer([[1], [1]], [0])])
    path = write_property(tmp_path / "p.vnnlib", ["0", "2"], ["1", "3"], "(assert (>= Y_0 0))")
    (claims,) = region_claims(prepare(load_model(model)), load_property(path))
    rows = [[0, 2], [1, 3], [2, 3], [1, 4], [1, 1], [-1, 2]]
    points = ExactTensor.from_rationals([mpq(x) for row in rows for x in row], (6, 2))
    assert claims.inside(points).tolist() == [True, True, False, False, False, False]


# properties of other networks


@pytest.mark.parametrize(
    ("inputs", "outputs", "message"),
    [
        (2, 1, "p.vnnlib: the property has 2 inputs, the network's 'x' has 1"),
        (1, 2, "p.vnnlib: the property has 2 outputs, the network's 'y' has 1"),
        (784, 10, "p.vnnlib: the property has 784 inputs, the network's 'x' has 1"),
    ],
)
def test_a_property_of_another_network_is_refused(
    tmp_path: Path, same: Path, inputs: int, outputs: int, message: str
) -> None:
    path = write_property(
        tmp_path / "p.vnnlib",
        ["0"] * inputs,
        ["1"] * inputs,
        "(assert (<= Y_0 0))",
        outputs=outputs,
    )
    with pytest.raises(InputError) as caught:
        check_fits(prepare(load_model(same)), load_property(path), "p.vnnlib")
    assert str(caught.value) == message


def test_shared_properties_do_not_fit_each_others_networks(data: Path) -> None:
    folder = data / "networks"
    prepared = prepare(load_model(folder / "acasxu/ACASXU_run2a_1_1_batch_2000.onnx"))
    for name in ("rl_benchmarks/cartpole_case_safe_14", "mnist_fc/prop_0_0.03"):
        with pytest.raises(InputError, match="the property has"):
            check_fits(prepared, load_property(folder / f"{name}.vnnlib"), name)


# against enumerated truth


@given(
    seed=st.integers(0, 500),
    ends=st.tuples(st.integers(-3, 3), st.integers(0, 4)),
    side=st.sampled_from(["upper", "lower"]),
    off=st.sampled_from([Fraction(0), Fraction(1, 3), Fraction(1, 10**30)]),
    sign=st.sampled_from([1, -1]),
    strict=st.booleans(),
    method=st.sampled_from(list(Method)),
)
@settings(max_examples=min(settings().max_examples // 2, 3000))
def test_no_verdict_contradicts_the_enumerated_truth(
    tmp_path_factory: pytest.TempPathFactory,
    *,
    seed: int,
    ends: tuple[int, int],
    side: str,
    off: Fraction,
    sign: int,
    strict: bool,
    method: Method,
) -> None:
    """The constraint asks for the exact extreme of the output, or a little more or less."""
    layers = builders.random_layers((1, 3, 2, 1), seed=seed, kind="integer")
    model = builders.sequential(tmp_path_factory.getbasetemp() / "claims.onnx", layers)
    low, high = Fraction(ends[0]), Fraction(ends[0] + ends[1])
    least, greatest = exact_ranges(PlainNetwork.read(model), low, high)["y"]
    upper = side == "upper"
    bound = (greatest[0] if upper else least[0]) + sign * off
    coefficient = mpq(-1 if upper else 1)
    limit = mpq(bound.numerator, bound.denominator) * coefficient
    unsafe = LinearConstraint((), ((0, coefficient),), limit, strict)
    box = (mpq(low.numerator),), (mpq(high.numerator),)
    found = audited(model, Property(1, 1, (Case(*box, (unsafe,)),)), method).verdict
    beyond = sign * off > 0 if upper else sign * off < 0
    touching = off == 0
    if beyond or (touching and strict):
        assert found is not VIOLATED
    else:
        assert found is not HOLDS


def test_a_box_and_bounds_may_be_any_rationals(tmp_path: Path, same: Path) -> None:
    """At X_0 = 1/3, which no float is, 3·Y_0 is exactly 1."""
    for unsafe, expected in (("(= (* 3 Y_0) 1)", VIOLATED), ("(< (* 3 Y_0) 1)", HOLDS)):
        path = write_property(tmp_path / "p.vnnlib", ["(/ 1 3)"], ["(/ 1 3)"], f"(assert {unsafe})")
        assert audited(same, load_property(path)).verdict is expected
