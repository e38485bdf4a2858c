"""Split trees as Lean: leaves that hold and tile, cases that mean the property, refused trees."""

import itertools
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import builders
import numpy as np
import pytest
from claim_files import write_property
from gmpy2 import mpq
from lean_cases import boxes_in, conclusion_holds, stated
from lean_trees import Given, by_hand, decided, evaluated_layers, made_tree
from onnx import helper

from lean_export import split_leaves, trees
from lean_export.cases import lean_case
from lean_export.crown_boxes import SLOPE_ONE
from lean_export.interval_boxes import SCALE, UNIT, IntegerBox
from lean_export.layers import layers
from lean_export.manifest import read_manifest
from lean_export.project import Target, run_files, write_run
from lean_export.runs import START_SECONDS
from lean_export.sources import forbidden_words, theorems
from lean_export.split_leaves import Cut, CutBox, Leaves, SafeLeaf, leaves_of
from lean_export.trees import tree_project
from refsem.errors import InputError
from refsem.ir import load_model
from refsem.ir.evaluation import prepare
from refsem.properties import load_property
from refsem.properties.property import LinearConstraint

STRICT = "(assert (or (and (< Y_0 -0.01)) (and (<= Y_0 0.3) (<= Y_1 -0.01)) (and (>= Y_1 12.5))))"


@pytest.fixture
def given(tmp_path: Path) -> Given:
    """y0 = |x0 − x1| + |x0 + x1|, y1 = 3 y0, and unsafe sets that intervals do not exclude."""
    first = builders.layer([[1, -1, 1, -1], [-1, 1, 1, -1]], [0, 0, 0, 0])
    model = builders.sequential(
        tmp_path / "two.onnx", [first, builders.layer([[1, 3]] * 4, [0, 0])]
    )
    wanted = write_property(
        tmp_path / "two.vnnlib", ["-1", "-1"], ["1", "(/ 1 3)"], STRICT, outputs=2
    )
    return decided(model, wanted)


def silent(_: int) -> None:
    pass


@pytest.fixture(scope="module")
def larger(tmp_path_factory: pytest.TempPathFactory) -> Given:
    """A network and a property that need a dozen leaves."""
    return made_tree(tmp_path_factory.mktemp("larger"))


def leaves_over(given: Given) -> tuple[Leaves, IntegerBox]:
    """What leaves are shown safe of, and the property's box."""
    network = layers(prepare(load_model(given.model)), "m")
    property_ = load_property(given.property)
    cases = [lean_case(case.unsafe, 2, len(network[-1].rows)) for case in property_.cases]
    first = property_.cases[0]
    ends = zip(first.lower, first.upper, strict=True)
    box = IntegerBox(12, tuple((int(low * 12), int(high * 12)) for low, high in ends))
    # twelfths are too coarse to be cut often
    fine = 2**20
    ends = tuple((low * fine, high * fine) for low, high in box.ends)
    return Leaves.of(network, cases, "f"), IntegerBox(12 * fine, ends)


# leaves


def test_the_ends_of_a_leaf_hold_at_its_points(larger: Given) -> None:
    leaves, box = leaves_over(larger)
    found = list(leaves_of(leaves.safe(box, "here")))
    assert len(found) > 1
    network = tuple(one.layer for one in leaves.network)
    checked = 0
    for leaf in found:
        for steps in itertools.product(range(4), repeat=2):
            point = [
                mpq(3 * low + step * (high - low), 3 * leaf.box.scale)
                for (low, high), step in zip(leaf.box.ends, steps, strict=True)
            ]
            values = evaluated_layers(network, point)
            for layer, neurons in zip(values, leaf.layers, strict=True):
                for value, neuron in zip(layer, neurons, strict=True):
                    assert mpq(neuron.lower, SCALE) <= value <= mpq(neuron.upper, SCALE)
            for one in leaf.passes:
                for row, neuron in zip(one.rows.values(), one.neurons, strict=True):
                    total = sum(w * y for w, y in zip(row[1:], values[-1], strict=True)) / UNIT
                    assert mpq(neuron.lower, SCALE) <= total <= mpq(neuron.upper, SCALE)
                    checked += 1
    assert checked > 0


@pytest.mark.parametrize("name", ["given", "larger"])
def test_every_case_is_excluded_in_every_leaf(name: str, request: pytest.FixtureRequest) -> None:
    leaves, box = leaves_over(request.getfixturevalue(name))
    for leaf in leaves_of(leaves.safe(box, "here")):
        places = [place for one in leaf.passes for place, _ in one.sums]
        assert sorted(places) == list(range(len(leaves.cases)))
        for one in leaf.passes:
            for (place, found), neuron in zip(one.sums, one.neurons, strict=True):
                assert found in leaves.cases[place].sums
                assert found.excluded(neuron.lower, SCALE)


def boxes_of(tree: CutBox, box: IntegerBox) -> list[IntegerBox]:
    """The boxes of the leaves, as `Tree.leaves` has them: from the cuts alone."""
    if isinstance(tree, SafeLeaf):
        return [box]
    low, high = box.ends[tree.dimension]
    assert low < tree.number < high
    parts = []
    for end in ((low, tree.number), (tree.number, high)):
        ends = list(box.ends)
        ends[tree.dimension] = end
        parts.append(IntegerBox(box.scale, tuple(ends)))
    return [*boxes_of(tree.below, parts[0]), *boxes_of(tree.above, parts[1])]


def test_leaves_are_the_boxes_that_the_cuts_make(larger: Given) -> None:
    leaves, box = leaves_over(larger)
    tree = leaves.safe(box, "here")
    assert isinstance(tree, Cut)
    assert boxes_of(tree, box) == [leaf.box for leaf in leaves_of(tree)]


def test_slopes_that_were_optimised_save_leaves(
    larger: Given, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaves, box = leaves_over(larger)
    found = list(leaves_of(leaves.safe(box, "here")))
    chosen = [one.below for leaf in found for one in leaf.passes if one.below]
    assert chosen
    assert all(0 <= slope <= SLOPE_ONE for below in chosen for layer in below for slope in layer)
    # the same, with every slope below left as it was
    monkeypatch.setattr(Leaves, "_below", lambda *_: ((), (), ()))
    assert len(list(leaves_of(leaves.safe(box, "here")))) > len(found)


# cases


CONSTRAINTS = (
    LinearConstraint((), ((0, mpq(1)), (1, mpq(-1))), mpq(0), strict=False),
    LinearConstraint((), ((0, mpq(-1)),), mpq("-3.991125645861615"), strict=False),
    LinearConstraint((), ((0, mpq(1, 3)), (1, mpq(-2, 7))), mpq(5, 11), strict=True),
    LinearConstraint(((1, mpq(1, 10)),), ((0, mpq(1)),), mpq(1), strict=False),
)


def met(constraint: LinearConstraint, x: Sequence[mpq], y: Sequence[mpq]) -> bool:
    total = sum(c * x[i] for i, c in constraint.inputs)
    total += sum(c * y[i] for i, c in constraint.outputs)
    return bool(total < constraint.bound or (total == constraint.bound and not constraint.strict))


def test_integer_constraints_mean_the_property() -> None:
    case = lean_case(CONSTRAINTS, 2, 2)
    points = [mpq(n, 77) for n in (-300, -35, -7, 0, 7, 11, 35, 307)]
    points.append(mpq("3.991125645861615"))
    seen = set()
    for one, constraint in zip(case.constraints, CONSTRAINTS, strict=True):
        for x, y0, y1 in itertools.product(points, repeat=3):
            total = sum(c * v for c, v in zip(one.inputs, (y1, x), strict=False))
            total += sum(c * v for c, v in zip(one.outputs, (y0, y1), strict=True))
            said = total < one.bound or (total == one.bound and not one.strict)
            assert said == met(constraint, [y1, x], [y0, y1])
            seen.add((one.strict, said))
    assert len(seen) == 4


def test_a_sum_is_its_row_and_no_constraint_on_inputs_is_in_it() -> None:
    case = lean_case(CONSTRAINTS, 2, 2)
    whole = case.sums[-1]
    assert len(case.sums) == 4
    assert all(one.weights[3] == 0 for one in case.sums)
    assert [one.strict for one in case.sums] == [False, False, True, True]
    assert sum(weight > 0 for weight in whole.weights) == 3
    for one in case.sums:
        row = split_leaves.rows_layer([one]).values()[0]
        assert row[0] == 0
        for place, value in enumerate(row[1:]):
            summed = sum(
                weight * constraint.outputs[place]
                for weight, constraint in zip(one.weights, case.constraints, strict=True)
            )
            assert one.divisor * value == summed * UNIT
    # a decimal bound does not make its coefficients large
    assert case.sums[1].row[1] == 0xBF800000


def test_coefficients_that_no_row_can_have_are_left_to_the_other_constraints() -> None:
    wide = LinearConstraint((), ((0, mpq(2**24 + 1)), (1, mpq(1))), mpq(0), strict=False)
    case = lean_case((CONSTRAINTS[0], wide), 2, 2)
    assert [one.weights for one in case.sums] == [(1, 0), (1, 1)]
    assert lean_case((wide,), 2, 2).sums == ()


@pytest.mark.parametrize(
    ("lower", "bound", "strict", "excluded"),
    [(1, 0, False, True), (0, 0, False, False), (0, 0, True, True), (-1, 0, True, False)],
)
def test_touching_a_bound_is_unsafe_unless_it_is_strict(
    lower: int, bound: int, strict: bool, excluded: bool
) -> None:
    constraint = LinearConstraint((), ((0, mpq(1)),), mpq(bound), strict=strict)
    (found,) = lean_case((constraint,), 1, 1).sums
    assert found.excluded(lower, SCALE) is excluded


# text


def test_a_tree_is_written_as_one_theorem(given: Given, tmp_path: Path) -> None:
    run = tree_project(given.tree, given.model, given.property, silent)
    again = tree_project(given.tree, given.model, given.property, silent)
    content, statuses = run_files(run)
    assert (content, statuses) == run_files(again)
    summary = write_run(tmp_path / "out", run)
    assert read_manifest(tmp_path / "out").theorems == statuses
    assert summary.closed == summary.theorems
    assert "Refsem.Run.Region1.property_holds" in statuses
    for path, text in run.files.items():
        assert forbidden_words(text) == ()
        long = [line.strip() for line in text.split("\n") if len(line) > 100]
        assert all(line.startswith("0x1") for line in long)
        assert "decide\n" not in text
        found = {one.name for one in theorems(text)}
        assert found <= set(statuses), path
    cases = run.files["Refsem/Run/Region1.lean"]
    for line in ("[⟨[], [100, 0], -1, true⟩]", "⟨[], [0, 100], -1, false⟩", "[0, -2], -25, false"):
        assert line in cases


def test_a_tree_is_restated_over_the_reals(given: Given, tmp_path: Path) -> None:
    run = tree_project(given.tree, given.model, given.property, silent)
    write_run(tmp_path / "out", run, Target.MATHLIB)
    text = (tmp_path / "out" / "RefsemReals.lean").read_text("utf-8")
    assert "theorem region1_property_holds (x : List ℝ)" in text
    with pytest.raises(InputError, match="exports runs only"):
        write_run(tmp_path / "other", run, Target.TORCHLEAN)
    assert not (tmp_path / "other").exists()


def test_leaves_are_parted_among_modules(larger: Given, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lean_export.tree_theorem.MODULE_PUSHES", 1)
    monkeypatch.setattr("lean_export.tree_theorem.MODULE_WORDS", 1)
    run = tree_project(larger.tree, larger.model, larger.property, silent)
    leaves = sum(1 for name in run.theorems if re.search(r"\.leaf\d+$", name))
    assert sum("Leaves" in path for path in run.files) == leaves > 1
    assert "Refsem/Run/Region1Part2.lean" in run.files
    last = run.files["Refsem/Run/Region1Tree.lean"]
    assert last.count("public import") == leaves


SAID = {
    "strictness": "(or (and (< Y_0 -9)) (and (> Y_1 9) (<= Y_0 9)) (and (<= Y_0 -10)))",
    "decimals": "(or (and (<= Y_0 -9.0000000000000000000000000000001)) (and (>= Y_1 9.125)))",
    "fractions": "(and (<= (+ (* (/ 1 3) Y_0) (* (/ 2 7) Y_1)) (/ -90 11)) (< Y_1 (/ 1 3)))",
    "inputs among the constraints": "(and (<= (+ Y_0 (* 0.1 X_1)) (- X_0 9)) (<= Y_1 (/ -27 5)))",
    "the same case twice": "(or (and (<= Y_0 -9)) (and (<= Y_0 -9)))",
    "large and small numbers": "(or (and (<= Y_0 -1e30) (< Y_1 1e-30)) (and (<= Y_1 -1e400)))",
}


@pytest.mark.parametrize("name", SAID)
def test_the_text_says_what_the_property_says(name: str, tmp_path: Path) -> None:
    layers = [builders.layer([[1, -1], [2, 1]], [0, 0]), builders.layer([[1, 0], [1, -2]], [0, 1])]
    model = builders.sequential(tmp_path / "m.onnx", layers)
    box = ["-0.30000000000000000001", "(/ -1 3)"], ["0.1", "(/ -1 3)"]
    wanted = write_property(tmp_path / "p.vnnlib", *box, f"(assert {SAID[name]})", outputs=2)
    given = decided(model, wanted)
    files = tree_project(given.tree, model, wanted, silent).files
    found = stated(*(files[f"Refsem/Run/Region1{part}.lean"] for part in ("", "Tree")))
    cases = load_property(wanted).cases
    low, high = cases[0].lower, cases[0].upper
    near = [end + step for end in (*low, *high) for step in (-TINY, mpq(0), TINY)]
    for x in itertools.product(near, repeat=2):
        inside = all(l <= v <= h for l, v, h in zip(low, x, high, strict=True))
        assert found.inside(as_fractions(x)) == inside
    said = set()
    for x in itertools.product((mpq(-1, 3), mpq(1, 10)), repeat=2):
        for constraint in (one for case in cases for one in case.unsafe):
            for y in at_edges(constraint, x):
                unsafe = any(all(met(one, x, y) for one in case.unsafe) for case in cases)
                assert found.unsafe(as_fractions(x), as_fractions(y)) == unsafe
                said.add(unsafe)
    assert said == {True, False}


TINY = mpq(1, 10**40)


def as_fractions(values: Sequence[mpq]) -> list[Fraction]:
    return [Fraction(int(value.numerator), int(value.denominator)) for value in values]


def at_edges(constraint: LinearConstraint, x: Sequence[mpq]) -> Iterator[list[mpq]]:
    """Outputs that meet the constraint with equality, and some just beside."""
    place, coefficient = constraint.outputs[0]
    spoken = sum(c * x[i] for i, c in constraint.inputs)
    for other in (mpq(-(10**401)), mpq(-40), mpq(0), mpq("-3.991125645861615"), mpq(10**31)):
        y = [other, other]
        rest = sum(c * y[i] for i, c in constraint.outputs[1:])
        for step in (-TINY, mpq(0), TINY):
            y[place] = (constraint.bound - spoken - rest) / coefficient + step
            yield list(y)


WHOLE: dict[str, Any] = {"nodes": ".", "leaves": ["1|"]}
SPLIT: dict[str, Any] = {"nodes": "0:0 . .", "leaves": ["1|", "1|"]}


def test_a_tree_of_signs_that_splits_none_leaves_the_box_whole(given: Given) -> None:
    other = by_hand(given.model, given.property, [{"cases": [WHOLE] * 3}])
    files = tree_project(other.tree, other.model, other.property, silent).files
    assert concluded(files) == {"tree": 1}
    found = boxes_in(files["Refsem/Run/Region1.lean"])
    assert found["rootBox"] == found["inputBox"] == [[-3, 3], [-3, 1]]
    for cases in ([WHOLE] * 2, [WHOLE] * 4, [WHOLE, WHOLE, SPLIT]):
        other = by_hand(given.model, given.property, [{"cases": cases}])
        with pytest.raises(InputError, match="only trees that cut a box are exported"):
            tree_project(other.tree, other.model, other.property, silent)


def test_small_leaves_take_their_time_too(larger: Given, monkeypatch: pytest.MonkeyPatch) -> None:
    run = tree_project(larger.tree, larger.model, larger.property, silent)
    assert run.seconds > 3 * START_SECONDS + 0.1 * len(run.theorems)
    monkeypatch.setattr("lean_export.tree_theorem.MODULE_LEAVES", 5)
    parted = tree_project(larger.tree, larger.model, larger.property, silent)
    leaves = sum(1 for name in run.theorems if re.search(r"\.leaf\d+$", name))
    assert leaves > 5
    assert sum("Leaves" in path for path in parted.files) == -(-leaves // 5)
    assert parted.theorems == run.theorems


# refused


def region_with(change: Callable[[dict[str, Any]], object]) -> Callable[[dict[str, Any]], object]:
    return lambda tree: change(tree["regions"][0])


CHANGES = {
    "another model": (lambda t: t.update(model_sha256="0" * 64), "model_sha256: the model at hand"),
    "another property": (lambda t: t.update(property_sha256="0" * 64), "property_sha256: the prop"),
    "a region more": (lambda t: t["regions"].append(t["regions"][0]), "regions: 2 regions, but"),
    "no tree": (region_with(lambda r: r.update(nodes=". .")), "node 1: the tree is already compl"),
    "an end missing": (region_with(lambda r: r.update(nodes="0:5 .")), "the tree ends with 1 box"),
    "a smaller box": (
        region_with(lambda r: r.update(upper=[str(int(r["upper"][0]) - 1), r["upper"][1]])),
        "regions[0]: the box does not contain the property's",
    ),
    "a box that begins too late": (
        region_with(lambda r: r.update(lower=[r["lower"][0], str(int(r["lower"][1]) + 1)])),
        "regions[0]: the box does not contain the property's",
    ),
    "signs": (
        lambda t: t.update(regions=[{"cases": []}]),
        "regions[0]: only trees that cut a box are exported",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_tree_of_something_else_is_refused(given: Given, name: str) -> None:
    change, message = CHANGES[name]
    tree = json.loads(given.tree.read_text("utf-8"))
    change(tree)
    given.tree.write_text(json.dumps(tree), "utf-8")
    with pytest.raises(InputError) as refused:
        tree_project(given.tree, given.model, given.property, silent)
    assert message in str(refused.value)
    assert str(refused.value).startswith(str(given.tree))


def test_a_property_that_fails_is_no_theorem(given: Given) -> None:
    text = given.property.read_text("utf-8").replace("12.5", "3.5")
    given.property.write_text(text, "utf-8")
    tree = json.loads(given.tree.read_text("utf-8"))
    tree["property_sha256"] = given.hash_of_property()
    given.tree.write_text(json.dumps(tree), "utf-8")
    with pytest.raises(InputError, match=r"leaf \d+: not shown safe by what Lean checks"):
        tree_project(given.tree, given.model, given.property, silent)


def test_too_many_leaves_and_cuts_are_refused(
    larger: Given, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trees, "MOST_DEPTH", 1)
    with pytest.raises(InputError, match="more than 1 cuts below each other"):
        tree_project(larger.tree, larger.model, larger.property, silent)
    monkeypatch.setattr(trees, "MOST_LEAVES", 1)
    with pytest.raises(InputError, match="leaves; at most 1 are exported"):
        tree_project(larger.tree, larger.model, larger.property, silent)


def test_leaves_made_by_cutting_further_are_counted(
    larger: Given, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = json.loads(larger.tree.read_text("utf-8"))
    tree["regions"][0]["nodes"] = "."
    whole = larger.tree.with_name("whole.json")
    whole.write_text(json.dumps(tree), "utf-8")
    told: list[int] = []
    run = tree_project(whole, larger.model, larger.property, told.append)
    leaves = sum(1 for name in run.theorems if re.search(r"\.leaf\d+$", name))
    assert told == list(range(1, leaves + 1))
    assert leaves > 1
    monkeypatch.setattr(trees, "MOST_LEAVES", leaves)
    tree_project(whole, larger.model, larger.property, silent)
    monkeypatch.setattr(trees, "MOST_LEAVES", leaves - 1)
    with pytest.raises(InputError, match=rf"leaf 0: .* more than {leaves - 1} leaves"):
        tree_project(whole, larger.model, larger.property, silent)


def test_regions_have_a_theorem_each_and_their_leaves_count_together(
    given: Given, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    boxes = "(and (<= X_0 0) (<= Y_0 -9))", "(and (>= X_0 0.5) (<= Y_0 -9))"
    unsafe = f"(assert (or {' '.join(boxes)}))"
    wanted = write_property(tmp_path / "p.vnnlib", ["-1"] * 2, ["1"] * 2, unsafe, outputs=2)
    other = decided(given.model, wanted)
    run = tree_project(other.tree, given.model, wanted, silent)
    for number in (1, 2):
        assert f"Refsem.Run.Region{number}.property_holds" in run.theorems
        assert f"box of its region {number}" in run.files[f"Refsem/Run/Region{number}Tree.lean"]
    monkeypatch.setattr(trees, "MOST_LEAVES", 1)
    with pytest.raises(InputError, match=r"regions\[1\] leaf 0: .* more than 1 leaves"):
        tree_project(other.tree, given.model, wanted, silent)


def test_numbers_too_large_for_floats_are_no_error_of_ours(given: Given, tmp_path: Path) -> None:
    # the second pass, whose slopes are found in floats, meets a bound that is none
    unsafe = "(assert (and (<= Y_0 1e400) (<= Y_1 1000)))"
    wanted = write_property(tmp_path / "p.vnnlib", ["0", "0"], ["1", "0"], unsafe, outputs=2)
    large = str(2**51)
    root = {"unit": 0, "bound_unit": 30, "lower": ["-" + large] * 2, "upper": [large] * 2}
    other = by_hand(given.model, wanted, [root | {"nodes": "."}])
    with pytest.raises(InputError, match="leaf 0: not shown safe by what Lean checks"):
        tree_project(other.tree, other.model, other.property, silent)
    greatest = 3e38
    layers = [builders.layer([[greatest] * 2, [greatest, -greatest]], [0, greatest])] * 12
    layers.append(builders.layer([[greatest], [1]], [0]))
    model = builders.sequential(tmp_path / "large.onnx", layers)
    unsafe = "(assert (or (and (<= Y_0 -1e30)) (and (>= Y_0 -1e30))))"
    other = by_hand(
        model, write_property(wanted, ["0"] * 2, ["1"] * 2, unsafe), [root | {"nodes": "."}]
    )
    with pytest.raises(InputError, match="leaf 0: not shown safe by what Lean checks"):
        tree_project(other.tree, other.model, other.property, silent)


def test_a_leaf_is_cut_where_a_box_of_integers_is_left(tmp_path: Path) -> None:
    # relu(x1) - relu(x1), and an input of width 1 that moves the first layer more
    first = builders.layer([[0, 0, 100], [1, 1, 0]], [0, 0, 0])
    layers = [first, builders.layer([[1], [-1], [0]], [0])]
    model = builders.sequential(tmp_path / "m.onnx", layers)
    unsafe = "(assert (>= Y_0 3))"
    wanted = write_property(tmp_path / "p.vnnlib", ["0", "-8"], ["1", "8"], unsafe)
    root = {"unit": 0, "bound_unit": 30, "lower": ["0", "-8"], "upper": ["1", "8"], "nodes": "."}
    given = by_hand(model, wanted, [root])
    files = tree_project(given.tree, model, wanted, silent).files
    assert re.search(r"^  \.cut 1 ", files["Refsem/Run/Region1Tree.lean"], re.MULTILINE)


def test_an_output_that_is_constant_is_refused(tmp_path: Path) -> None:
    constant = np.array([[1, 2]], np.float32)
    node = helper.make_node("Identity", ["c"], ["y"])
    model = builders.save(
        tmp_path / "m.onnx", [node], {"c": constant}, {"x": [1, 2]}, {"y": [1, 2]}
    )
    unsafe = "(assert (< Y_0 -1))"
    wanted = write_property(tmp_path / "p.vnnlib", ["0", "0"], ["1", "1"], unsafe, outputs=2)
    root = {"unit": 0, "bound_unit": 30, "lower": ["0", "0"], "upper": ["1", "1"], "nodes": "."}
    given = by_hand(model, wanted, [root])
    with pytest.raises(InputError, match="tensor 'y': does not depend on the input"):
        tree_project(given.tree, model, wanted, silent)


@pytest.mark.parametrize("first", [True, False])
def test_deep_trees_make_no_long_lines(first: bool, tmp_path: Path) -> None:
    model = builders.sequential(tmp_path / "m.onnx", [builders.layer([[1]], [1])])
    wanted = write_property(tmp_path / "p.vnnlib", ["-1"], ["1"], "(assert (<= Y_0 -1))")
    cuts = [f"0:{180 - step}" if first else f"0:{step - 180} ." for step in range(180)]
    nodes = " ".join([*cuts, "." + " ." * 180 * first])
    root = {"unit": 8, "bound_unit": 30, "lower": ["-256"], "upper": ["256"], "nodes": nodes}
    given = by_hand(model, wanted, [root])
    files = tree_project(given.tree, model, wanted, silent).files
    text = files["Refsem/Run/Region1Tree.lean"]
    assert max(map(len, text.split("\n"))) <= 100
    assert sum(concluded(files).values()) == 181 + 1


def concluded(files: Mapping[str, str]) -> dict[str, int]:
    boxes = boxes_in("\n\n".join(text for path, text in files.items() if "Tree" not in path))
    return conclusion_holds(files["Refsem/Run/Region1Tree.lean"], boxes)


@pytest.mark.parametrize("together", [2, 3, 100])
def test_the_cuts_of_a_tree_and_of_its_parts_make_the_boxes_of_the_leaves(
    together: int, larger: Given, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lean_export.cover_theorem.MOST_TOGETHER", together)
    run = tree_project(larger.tree, larger.model, larger.property, silent)
    leaves = sum(1 for name in run.theorems if re.search(r"\.leaf\d+$", name))
    found = concluded(run.files)
    assert max(found.values()) <= together
    # a part is a leaf of another one
    assert sum(found.values()) == leaves + len(found) - 1
    assert len(found) > 1 or leaves <= together
    named = {one.name for one in theorems(run.files["Refsem/Run/Region1Tree.lean"])}
    assert named <= set(run.theorems)


def test_a_case_without_a_usable_constraint_is_refused(given: Given, tmp_path: Path) -> None:
    unsafe = "(assert (<= (+ (* 16777217 Y_0) Y_1) -1000000000))"
    wanted = write_property(
        tmp_path / "wide.vnnlib", ["-1", "-1"], ["1", "(/ 1 3)"], unsafe, outputs=2
    )
    other = decided(given.model, wanted)
    with pytest.raises(InputError, match="case 0: no constraint on outputs alone"):
        tree_project(other.tree, other.model, other.property, silent)


def test_a_large_power_does_not_make_lean_warn(tmp_path: Path) -> None:
    model = builders.sequential(tmp_path / "m.onnx", [builders.layer([[1]], [1])])
    wanted = write_property(tmp_path / "p.vnnlib", ["0"], ["0"], "(assert (<= Y_0 -1))")
    root = {"bound_unit": 30, "lower": ["-256"], "upper": ["256"], "nodes": "."}
    for unit, texts in ((256, 0), (257, 3), (1000, 3)):
        given = by_hand(model, wanted, [root | {"unit": unit}])
        files = tree_project(given.tree, model, wanted, silent).files.values()
        option = f"set_option exponentiation.threshold {unit}\n"
        assert sum(option in text for text in files) == texts
        for text in files:
            assert "threshold" not in text or text.index(option) < text.index(f"(2 ^ {unit})")
            assert forbidden_words(text) == ()
