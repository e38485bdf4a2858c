"""The judge on networks small enough to know the truth: exact ranges, enumerated in fractions."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path

import builders
import numpy as np
import pytest
from escape_checks import Claims, Judged, bounds_file, check_escapes
from onnx import helper
from plain_network import Bounds, PlainNetwork, exact_ranges, intervals

from refsem.certificates.judgement import Finding
from refsem.rules.propagation import Method

Side = str
ONE_INPUT: Bounds = ([Fraction(-2)], [Fraction(3)])
SEEDS = range(6)


def chain(folder: Path, seed: int, *widths: int) -> Path:
    layers = builders.random_layers(widths or (1, 3, 2, 1), seed=seed, kind="integer")
    return builders.sequential(folder / "chain.onnx", layers)


def skip(folder: Path, seed: int) -> Path:
    first, inner, last = (
        builders.random_layers(widths, seed=seed + 90, kind="integer")[0]
        for widths in ((1, 3), (3, 3), (3, 2))
    )
    return builders.residual(folder / "skip.onnx", first, inner, last)


MODELS = {"chain": chain, "skip": skip}


def interval_claims(model: Path, box: Bounds, *names: str) -> dict[str, Bounds]:
    """Exact interval bounds of these tensors, or of all but the input."""
    found = intervals(PlainNetwork.read(model), box)
    return {name: ends for name, ends in found.items() if (name in names if names else name != "x")}


def moved(
    claims: Mapping[str, Bounds], name: str, side: Side, index: int, by: Fraction
) -> dict[str, Bounds]:
    """The claims with one endpoint moved; positive is inward."""
    copied = {tensor: (list(ends[0]), list(ends[1])) for tensor, ends in claims.items()}
    ends = copied[name][side == "upper"]
    ends[index] += -by if side == "upper" else by
    return copied


def endpoints(claims: Claims) -> Iterator[tuple[str, Side, int]]:
    for name, (lower, upper) in claims.items():
        yield from ((name, "lower", i) for i in range(len(lower)))
        yield from ((name, "upper", i) for i in range(len(upper)))


def total(claims: Claims) -> int:
    return sum(1 for _ in endpoints(claims))


# exact interval bounds, and one endpoint moved


@pytest.mark.parametrize("audit", list(Method))
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", MODELS)
def test_exact_interval_bounds_are_sound(
    tmp_path: Path, kind: str, seed: int, audit: Method
) -> None:
    model = MODELS[kind](tmp_path, seed)
    claims = interval_claims(model, ONE_INPUT)
    case = Judged.of(model, [ONE_INPUT], bounds_file(ONE_INPUT, claims), audit)
    report = case.report
    assert (report.verdict, report.input_contains_box, report.escapes()) == ("sound", True, ())
    assert report.count(Finding.CONFIRMED) == report.endpoints == total(claims)
    assert report.count(Finding.INDUCTIVE) == report.steps == total(claims)


@pytest.mark.parametrize("unit", [Fraction(1), Fraction(1, 2**21), Fraction(1, 10**40)])
@pytest.mark.parametrize("kind", MODELS)
def test_an_endpoint_moved_inward_is_never_believed(
    tmp_path: Path, kind: str, unit: Fraction
) -> None:
    """2^-21 is half an ulp of binary32 at the endpoints met here, 10^-40 next to nothing."""
    model = MODELS[kind](tmp_path, 1)
    claims = interval_claims(model, ONE_INPUT)
    truth, deep = exact_ranges(PlainNetwork.read(model), *(e[0] for e in ONE_INPUT)), 0
    for name, side, index in endpoints(claims):
        wrong = moved(claims, name, side, index, unit)
        if wrong[name][0][index] > wrong[name][1][index]:
            continue  # an empty interval: such a file is not even read
        case = Judged.of(model, [ONE_INPUT], bounds_file(ONE_INPUT, wrong))
        assert case.report.verdict == "unsound", (name, side, index)
        assert case.counts(Finding.BROKEN)[name] == 1
        assert check_escapes(case) > 0
        low, high = truth[name][0][index], truth[name][1][index]
        false = low < wrong[name][0][index] or high > wrong[name][1][index]
        refuted = case.counts(Finding.REFUTED)
        if name in ("hidden_1", "relu_1"):
            assert false
            assert refuted == {name: 1}
        if false:
            deep += name not in ("hidden_1", "relu_1") and refuted == {name: 1}
            assert case.report.count(Finding.CONFIRMED) < total(claims)
        else:
            assert refuted == {}
    assert deep > 0


@pytest.mark.parametrize("kind", MODELS)
def test_an_endpoint_moved_outward_stays_confirmed_and_breaks_only_its_children(
    tmp_path: Path, kind: str
) -> None:
    model = MODELS[kind](tmp_path, 2)
    claims, network = interval_claims(model, ONE_INPUT), PlainNetwork.read(model)
    children = {
        name: {node.output[0] for node in network.nodes if name in node.input} for name in claims
    }
    broke = 0
    for name, side, index in endpoints(claims):
        wide = moved(claims, name, side, index, Fraction(-1))
        case = Judged.of(model, [ONE_INPUT], bounds_file(ONE_INPUT, wide))
        assert case.report.count(Finding.CONFIRMED) == total(claims)
        broken = case.counts(Finding.BROKEN)
        assert set(broken) <= children[name]
        assert check_escapes(case) == len(broken)
        assert case.report.verdict == ("unsound" if broken else "sound")
        broke += bool(broken)
    assert broke > 5


def test_a_relu_step_looks_at_what_the_file_claims(tmp_path: Path) -> None:
    model = builders.sequential(
        tmp_path / "m.onnx", [builders.layer([[1]], [0]), builders.layer([[1]], [0])]
    )
    box: Bounds = ([Fraction(-1)], [Fraction(1)])
    claims = interval_claims(model, box)
    wide = moved(claims, "hidden_1", "upper", 0, Fraction(-1))
    case = Judged.of(model, [box], bounds_file(box, wide))
    (escape,) = case.report.escapes()
    assert (escape.finding, escape.tensor, escape.side) == (Finding.BROKEN, "relu_1", "upper")
    assert (escape.exact, escape.claimed, escape.ulps) == (2, 1, 2**23)
    assert escape.point == (("hidden_1", (2,)),)
    # below 0 nothing depends on the operand's lower end
    deeper = moved(claims, "hidden_1", "lower", 0, Fraction(-1))
    assert Judged.of(model, [box], bounds_file(box, deeper)).report.verdict == "sound"


def test_the_worst_escape_of_a_tensor_is_the_one_shown(tmp_path: Path) -> None:
    weights = builders.layer([[1, 64, 1]], [0, 0, 0])
    model = builders.sequential(tmp_path / "m.onnx", [weights])
    box: Bounds = ([Fraction(-1)], [Fraction(1)])
    claims: Claims = {"y": ([Fraction(-1), Fraction(-63), Fraction(-1)], [Fraction(1, 2)] * 3)}
    case = Judged.of(model, [box], bounds_file(box, claims))
    assert case.counts(Finding.REFUTED) == case.counts(Finding.BROKEN) == {"y": 4}
    for finding in (Finding.REFUTED, Finding.BROKEN):
        (shown,) = [e for e in case.report.escapes() if e.finding is finding]
        assert (shown.index, shown.side, shown.exact, shown.claimed) == (1, "upper", 64, 0.5)
    assert check_escapes(case) == 2


def test_touching_an_endpoint_is_no_escape(tmp_path: Path) -> None:
    """The exact range is met at both ends, and claims may equal it."""
    model = builders.sequential(tmp_path / "m.onnx", [builders.layer([[3]], [1])])
    box: Bounds = ([Fraction(1, 3)], [Fraction(1, 3)])
    claims: Claims = {"y": ([Fraction(2)], [Fraction(2)])}
    assert Judged.of(model, [box], bounds_file(box, claims)).report.verdict == "sound"


# confirmed by any method; open is not refuted


def test_a_true_claim_that_intervals_cannot_reach_is_open_or_confirmed(tmp_path: Path) -> None:
    """y = x − x is 0; intervals give [−2, 2], a backward pass gives 0."""
    split = builders.layer([[1, 1]], [4, 4])
    model = builders.sequential(tmp_path / "m.onnx", [split, builders.layer([[1], [-1]], [0])])
    box: Bounds = ([Fraction(-1)], [Fraction(1)])
    claims = {**interval_claims(model, box), "y": ([Fraction(0)], [Fraction(0)])}
    for method, verdict in (("ibp", "unsound"), ("crown", "sound"), ("other", "sound")):
        case = Judged.of(model, [box], bounds_file(box, claims, method=method))
        assert case.report.verdict == verdict
        assert case.report.open_endpoints == case.report.count(Finding.REFUTED) == 0
        check_escapes(case)
    file = bounds_file(box, claims, method="other")
    unaided = Judged.of(model, [box], file, Method.IBP).report
    assert (unaided.verdict, unaided.open_endpoints) == ("undecided", 2)


def test_a_claim_between_truth_and_our_bounds_is_open(tmp_path: Path) -> None:
    """y = |x| over [−1, 1] is in [0, 1]; our best lower bound is below 0."""
    fold = builders.layer([[1, -1]], [0, 0])
    model = builders.sequential(tmp_path / "m.onnx", [fold, builders.layer([[1], [1]], [0])])
    box: Bounds = ([Fraction(-1)], [Fraction(1)])
    claims: Claims = {"y": ([Fraction(0)], [Fraction(1)])}
    case = Judged.of(model, [box], bounds_file(box, claims, method="other"))
    assert (case.report.open_endpoints, case.report.count(Finding.CONFIRMED)) == (0, 2)
    third: Bounds = ([Fraction(-1)], [Fraction(1, 3)])
    case = Judged.of(model, [third], bounds_file(third, claims, method="other"))
    assert case.report.verdict in ("undecided", "sound")
    assert case.report.count(Finding.REFUTED) == 0


# methods


@pytest.mark.parametrize("seed", SEEDS)
def test_method_crown_is_never_broken(tmp_path: Path, seed: int) -> None:
    model = chain(tmp_path, seed)
    claims = interval_claims(model, ONE_INPUT)
    sound = Judged.of(model, [ONE_INPUT], bounds_file(ONE_INPUT, claims, method="crown"))
    assert sound.report.verdict == "sound"
    wrong: Claims = {
        name: ([(low + high) / 2 for low, high in zip(*ends, strict=True)],) * 2
        for name, ends in claims.items()
    }
    case = Judged.of(model, [ONE_INPUT], bounds_file(ONE_INPUT, wrong, method="crown"))
    assert case.report.count(Finding.BROKEN) == 0
    assert case.report.open_steps > 0
    assert case.report.steps == total(claims)
    assert case.report.open_steps + case.report.count(Finding.INDUCTIVE) == total(claims)
    check_escapes(case)


def test_method_crown_may_use_all_claimed_boxes_at_once(tmp_path: Path) -> None:
    """The step from relu_1 alone gives y in [−2, 2]; relaxed over the claimed boxes, y = 0."""
    split = builders.layer([[1, 1]], [4, 4])
    model = builders.sequential(tmp_path / "m.onnx", [split, builders.layer([[1], [-1]], [0])])
    box: Bounds = ([Fraction(-1)], [Fraction(1)])
    claims = {**interval_claims(model, box), "y": ([Fraction(0)], [Fraction(0)])}
    case = Judged.of(model, [box], bounds_file(box, claims, method="crown"))
    assert case.report.count(Finding.INDUCTIVE) == case.report.steps == total(claims)
    narrower = moved(claims, "hidden_1", "lower", 0, Fraction(-100))
    crossing = {**narrower, "relu_1": ([Fraction(0), Fraction(3)], [Fraction(5), Fraction(5)])}
    case = Judged.of(model, [box], bounds_file(box, crossing, method="crown"))
    assert case.counts(Finding.OPEN) == {"y": 2}


@pytest.mark.parametrize("method", ["other", "crown", "ibp"])
def test_steps_are_judged_by_the_stated_method_only(tmp_path: Path, method: str) -> None:
    model = chain(tmp_path, 3)
    claims = interval_claims(model, ONE_INPUT)
    wrong = moved(claims, "y", "upper", 0, Fraction(1))
    case = Judged.of(model, [ONE_INPUT], bounds_file(ONE_INPUT, wrong, method=method))
    assert case.report.method == method
    assert case.report.steps == (0 if method == "other" else total(claims))
    assert case.report.count(Finding.BROKEN) == (method == "ibp")


# the file's input box


def test_the_input_box_is_the_first_finding(tmp_path: Path) -> None:
    model = chain(tmp_path, 1)
    narrow: Bounds = ([Fraction(-1)], [Fraction(2)])
    claims = interval_claims(model, narrow)
    case = Judged.of(model, [ONE_INPUT], bounds_file(narrow, claims))
    assert not case.report.input_contains_box
    assert case.report.verdict == "unsound"
    findings = [escape.finding for escape in case.report.escapes()]
    assert findings[0] is Finding.NOT_CONTAINED
    assert findings.count(Finding.NOT_CONTAINED) == 1  # the worst of several
    assert case.counts(Finding.BROKEN) == {}
    assert case.report.count(Finding.INDUCTIVE) == total(claims)
    assert case.report.count(Finding.REFUTED) > 0
    check_escapes(case)


def test_a_box_that_leaves_out_next_to_nothing_is_not_contained(tmp_path: Path) -> None:
    model = chain(tmp_path, 1)
    box: Bounds = ([Fraction("0.6")], [Fraction("0.679857769")])
    nearest: Bounds = (
        [Fraction(float(np.float32(0.6)))],
        [Fraction(float(np.float32(0.679857769)))],
    )
    case = Judged.of(model, [box], bounds_file(nearest, {}))
    left_out = [(e.side, e.tensor, e.index) for e in case.report.escapes()]
    low, high = nearest[0][0] > box[0][0], nearest[1][0] < box[1][0]
    assert low or high
    assert left_out == [("lower", "x", 0)] * low + [("upper", "x", 0)] * high
    assert case.report.verdict == "unsound"
    assert check_escapes(case) == low + high


def test_steps_are_judged_on_the_files_box_and_endpoints_on_the_propertys(tmp_path: Path) -> None:
    model = chain(tmp_path, 1)
    wide: Bounds = ([Fraction(-10)], [Fraction(10)])
    for claims, broken in (
        (interval_claims(model, wide), False),
        (interval_claims(model, ONE_INPUT), True),
    ):
        case = Judged.of(model, [ONE_INPUT], bounds_file(wide, claims))
        assert case.report.input_contains_box
        assert case.report.count(Finding.CONFIRMED) == total(claims)
        assert bool(case.report.count(Finding.BROKEN)) == broken
        check_escapes(case)


def test_a_claim_about_the_input_tensor_is_an_endpoint_without_a_step(tmp_path: Path) -> None:
    """Steps start from the file's input box, whatever else it says about that tensor."""
    model = chain(tmp_path, 1)
    claims: Claims = {
        "x": ([Fraction(-1)], [None]),
        **interval_claims(model, ONE_INPUT),
    }
    case = Judged.of(model, [ONE_INPUT], bounds_file(ONE_INPUT, claims))
    assert case.counts(Finding.REFUTED) == {"x": 1}
    assert case.report.count(Finding.INDUCTIVE) == case.report.steps == total(claims) - 2
    assert case.report.verdict == "unsound"
    check_escapes(case)


# several boxes


def test_every_box_of_the_property_counts(tmp_path: Path) -> None:
    model = builders.sequential(tmp_path / "m.onnx", [builders.layer([[2]], [1])])
    boxes: list[Bounds] = [([Fraction(-2)], [Fraction(-1)]), ([Fraction(1)], [Fraction(3)])]
    hull: Bounds = ([Fraction(-2)], [Fraction(3)])
    sound = Judged.of(model, boxes, bounds_file(hull, interval_claims(model, hull)))
    assert sound.report.verdict == "sound"
    for box, (side, exact) in zip(boxes, (("upper", 7), ("lower", -3)), strict=True):
        case = Judged.of(model, boxes, bounds_file(hull, interval_claims(model, box)))
        (refuted,) = [e for e in case.report.escapes() if e.finding is Finding.REFUTED]
        assert (refuted.side, refuted.exact) == (side, exact)
        assert (case.report.count(Finding.CONFIRMED), case.report.count(Finding.REFUTED)) == (1, 1)
        check_escapes(case)
        narrow = Judged.of(model, boxes, bounds_file(box, interval_claims(model, box)))
        assert not narrow.report.input_contains_box
        assert narrow.report.count(Finding.BROKEN) == 0
        check_escapes(narrow)


# unbounded ends


def test_an_unbounded_end_is_no_claim(tmp_path: Path) -> None:
    model = chain(tmp_path, 2)
    claims = interval_claims(model, ONE_INPUT)
    open_ended: Claims = {**claims, "y": ([None], claims["y"][1])}
    case = Judged.of(model, [ONE_INPUT], bounds_file(ONE_INPUT, open_ended))
    assert case.report.verdict == "sound"
    assert case.report.endpoints == case.report.steps == total(claims) - 1


@pytest.mark.parametrize("method", ["ibp", "crown"])
def test_steps_from_an_unbounded_parent_are_open(tmp_path: Path, method: str) -> None:
    model = chain(tmp_path, 2)
    claims = interval_claims(model, ONE_INPUT)
    lower, upper = claims["relu_1"]
    open_ended: Claims = {**claims, "relu_1": ([None, *lower[1:]], upper)}
    case = Judged.of(model, [ONE_INPUT], bounds_file(ONE_INPUT, open_ended, method=method))
    assert case.report.count(Finding.REFUTED) == case.report.count(Finding.BROKEN) == 0
    assert case.report.verdict == "undecided"
    assert case.counts(Finding.OPEN)["hidden_2"] == 4
    assert case.report.open_endpoints == 0


def test_a_file_that_claims_nothing_is_sound_and_says_so(tmp_path: Path) -> None:
    model = chain(tmp_path, 2)
    for claims in ({}, {"y": ([None], [None])}):
        report = Judged.of(model, [ONE_INPUT], bounds_file(ONE_INPUT, claims)).report
        assert (report.verdict, report.endpoints, report.steps) == ("sound", 0, 0)


# units and parents


def instead_of(case: Judged) -> dict[str, tuple[str, ...]]:
    return {t.tensor: t.instead_of_parents for t in case.report.tensors if t.instead_of_parents}


def test_unclaimed_parents_are_replaced_by_claimed_ancestors(tmp_path: Path) -> None:
    model = chain(tmp_path, 1)
    some = interval_claims(model, ONE_INPUT, "relu_1", "hidden_2", "y")
    case = Judged.of(model, [ONE_INPUT], bounds_file(ONE_INPUT, some))
    assert instead_of(case) == {"relu_1": ("x",), "y": ("hidden_2",)}
    assert case.report.verdict == "sound"
    for name, side, index in endpoints(some):
        wrong = moved(some, name, side, index, Fraction(1, 100))
        if wrong[name][0][index] <= wrong[name][1][index]:
            case = Judged.of(model, [ONE_INPUT], bounds_file(ONE_INPUT, wrong))
            assert case.report.verdict == "unsound"
            check_escapes(case)


def test_with_nothing_else_claimed_the_output_is_judged_from_the_input(tmp_path: Path) -> None:
    model = chain(tmp_path, 1)
    claims = interval_claims(model, ONE_INPUT, "y")
    case = Judged.of(model, [ONE_INPUT], bounds_file(ONE_INPUT, claims))
    assert instead_of(case) == {"y": ("x",)}
    assert case.report.verdict == "sound"


def test_a_step_over_several_unclaimed_nodes_may_be_shown_by_a_backward_pass(
    tmp_path: Path,
) -> None:
    """y = x − x from x alone: intervals reach [−2, 2], a backward pass shows the claim of 0."""
    layers = [builders.layer([[1, 1]], [4, 4]), builders.layer([[1], [-1]], [0])]
    model = builders.sequential(tmp_path / "m.onnx", layers)
    box: Bounds = ([Fraction(-1)], [Fraction(1)])
    claims: Claims = {"y": ([Fraction(0)], [Fraction(0)])}
    case = Judged.of(model, [box], bounds_file(box, claims))
    assert (case.report.verdict, case.report.count(Finding.INDUCTIVE)) == ("sound", 2)


def test_a_constant_add_after_a_matmul_is_one_unit_with_it(tmp_path: Path) -> None:
    layers = builders.random_layers((1, 3, 1), seed=5, kind="integer")
    model = builders.sequential(tmp_path / "m.onnx", layers, affine="MatMul")
    claims = interval_claims(model, ONE_INPUT, "hidden_1", "relu_1", "y")
    case = Judged.of(model, [ONE_INPUT], bounds_file(ONE_INPUT, claims))
    assert (case.report.verdict, instead_of(case)) == ("sound", {})
    # a claim on the inner product is judged by itself, and the outer step does not lean on it
    inner = interval_claims(model, ONE_INPUT, "hidden_1_product")
    wide = moved(inner, "hidden_1_product", "lower", 0, Fraction(-7))
    case = Judged.of(model, [ONE_INPUT], bounds_file(ONE_INPUT, {**claims, **wide}))
    assert case.report.verdict == "sound"
    narrow = moved(inner, "hidden_1_product", "lower", 0, Fraction(1, 9))
    case = Judged.of(model, [ONE_INPUT], bounds_file(ONE_INPUT, {**claims, **narrow}))
    assert case.counts(Finding.BROKEN) == case.counts(Finding.REFUTED) == {"hidden_1_product": 1}
    check_escapes(case)


@pytest.mark.parametrize("doubled", [True, False])
def test_only_a_constant_add_is_fused(tmp_path: Path, doubled: bool) -> None:
    """y = m + m with m = 3x is a unit of its own: a wide claim on m breaks its step."""
    three, one = np.array([[3]], np.float32), np.array([1], np.float32)
    nodes = [
        helper.make_node("MatMul", ["x", "three"], ["m"], "product"),
        helper.make_node("Add", ["m", "m" if doubled else "one"], ["y"], "sum"),
    ]
    constants = {"three": three} | ({} if doubled else {"one": one})
    model = builders.save(tmp_path / "m.onnx", nodes, dict(constants), {"x": [1, 1]}, {"y": [1, 1]})
    claims = moved(interval_claims(model, ONE_INPUT), "m", "upper", 0, Fraction(-1))
    case = Judged.of(model, [ONE_INPUT], bounds_file(ONE_INPUT, claims))
    assert case.counts(Finding.BROKEN) == ({"y": 1} if doubled else {})
    assert case.report.count(Finding.REFUTED) == 0
    check_escapes(case)


INNER = {
    "Relu": helper.make_node("Relu", ["x"], ["inner"], "inner"),
    "Mul": helper.make_node("Mul", ["x", "one"], ["inner"], "inner"),
    "Gemm": helper.make_node("Gemm", ["x", "one"], ["inner"], "inner"),
    "Add": helper.make_node("Add", ["x", "one"], ["inner"], "inner"),
}


@pytest.mark.parametrize("operator", INNER)
def test_an_add_after_something_else_is_not_fused(tmp_path: Path, operator: str) -> None:
    last = helper.make_node("Add", ["inner", "one"], ["y"], "last")
    ends = {"x": [1, 1]}, {"y": [1, 1]}
    constants = {"one": np.array([[1]], np.float32)}
    model = builders.save(tmp_path / "m.onnx", [INNER[operator], last], dict(constants), *ends)
    claims = moved(interval_claims(model, ONE_INPUT), "inner", "upper", 0, Fraction(-1))
    case = Judged.of(model, [ONE_INPUT], bounds_file(ONE_INPUT, claims))
    assert case.counts(Finding.BROKEN) == {"y": 1}


def test_the_parents_of_a_residual_add_are_both_operands(tmp_path: Path) -> None:
    model = skip(tmp_path, 1)
    claims = interval_claims(model, ONE_INPUT)
    assert Judged.of(model, [ONE_INPUT], bounds_file(ONE_INPUT, claims)).report.verdict == "sound"
    for parent in ("relu_1", "hidden_2"):
        wide = moved(claims, parent, "upper", 0, Fraction(-1))
        case = Judged.of(model, [ONE_INPUT], bounds_file(ONE_INPUT, wide))
        assert case.counts(Finding.BROKEN)["sum"] == 1
        (escape,) = [e for e in case.report.escapes() if e.tensor == "sum"]
        assert {name for name, _ in escape.point} == {"relu_1", "hidden_2"}
        check_escapes(case)


def test_around_a_residual_add_the_nearest_claimed_ancestors_are_named(tmp_path: Path) -> None:
    model = skip(tmp_path, 1)
    claims = interval_claims(model, ONE_INPUT, "relu_1", "sum")
    case = Judged.of(model, [ONE_INPUT], bounds_file(ONE_INPUT, claims))
    assert instead_of(case) == {"relu_1": ("x",)}
    assert case.report.verdict == "sound"
    claims = interval_claims(model, ONE_INPUT, "hidden_1", "sum")
    case = Judged.of(model, [ONE_INPUT], bounds_file(ONE_INPUT, claims))
    assert instead_of(case) == {"sum": ("hidden_1",)}
    claims = interval_claims(model, ONE_INPUT, "hidden_2", "sum")
    case = Judged.of(model, [ONE_INPUT], bounds_file(ONE_INPUT, claims))
    assert instead_of(case) == {"hidden_2": ("x",), "sum": ("x",)}
    check_escapes(case)


def test_the_units_around_reshapes_and_subtractions(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Flatten", ["x"], ["f"], "flatten", axis=1),
        helper.make_node("Sub", ["f", "mean"], ["s"], "shift"),
        helper.make_node("MatMul", ["s", "weight"], ["m"], "product"),
        helper.make_node("Add", ["bias", "m"], ["h"], "sum"),
        helper.make_node("Relu", ["h"], ["y"], "relu"),
    ]
    constants = {
        "mean": np.array([1, 2], np.float32),
        "weight": np.array([[1, -2], [3, 4]], np.float32),
        "bias": np.array([5, -6], np.float32),
    }
    model = builders.save(
        tmp_path / "m.onnx", nodes, dict(constants), {"x": [1, 1, 2]}, {"y": [1, 2]}
    )
    box: Bounds = ([Fraction(-1), Fraction(0)], [Fraction(2), Fraction(1)])
    claims = interval_claims(model, box)
    assert Judged.of(model, [box], bounds_file(box, claims)).report.verdict == "sound"
    del claims["m"], claims["s"]
    case = Judged.of(model, [box], bounds_file(box, claims))
    assert (case.report.verdict, instead_of(case)) == ("sound", {"h": ("f",)})
    case = Judged.of(model, [box], bounds_file(box, moved(claims, "h", "upper", 1, Fraction(1))))
    assert case.counts(Finding.BROKEN) == case.counts(Finding.REFUTED) == {"h": 1}
    assert check_escapes(case) == 2
