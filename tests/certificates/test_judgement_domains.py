"""The judge where claims leave a function's domain, and where a tensor is a constant's function."""

from fractions import Fraction
from pathlib import Path

import builders
import numpy as np
import pytest
from escape_checks import Claims, bounds_file
from gmpy2 import mpq
from onnx import helper

from refsem.audit.network import silent
from refsem.certificates.judgement import BoundsReport, Finding, judge_bounds
from refsem.exact import ExactTensor
from refsem.ir import load_model
from refsem.ir.evaluation import prepare
from refsem.rules.propagation import Method, propagate
from refsem.rules.trace import Region

BOX = [Fraction(1)], [Fraction(2)]


def judged(folder: Path, claims: Claims, method: str) -> BoundsReport:
    """y = log(x + tanh(1)) for x in [1, 2], as bounds of the method see it."""
    nodes = [
        helper.make_node("Tanh", ["c"], ["t"]),
        helper.make_node("Add", ["x", "t"], ["a"]),
        helper.make_node("Log", ["a"], ["y"]),
    ]
    constants = {"c": np.ones((1, 1), np.float32)}
    path = builders.save(folder / "m.onnx", nodes, constants, {"x": [1, 1]}, {"y": [1, 1]})
    lower, upper = (ExactTensor.full((1, 1), mpq(end)) for end in (1, 2))
    region = Region({"x": (lower, upper)})
    state = propagate(prepare(load_model(path)), region, Method.CROWN, {}, silent)
    return judge_bounds(bounds_file(BOX, claims, method=method), (state,))


def claim(lower: str, upper: str) -> tuple[list[Fraction], list[Fraction]]:
    return [Fraction(lower)], [Fraction(upper)]


@pytest.mark.parametrize("method", ["ibp", "crown", "other"])
def test_a_false_claim_about_a_function_of_a_constant_is_refuted(
    tmp_path: Path, method: str
) -> None:
    report = judged(tmp_path, {"t": claim("0.9", "1")}, method)
    assert (report.verdict, report.count(Finding.REFUTED)) == ("unsound", 1)
    assert report.count(Finding.BROKEN) == (method == "ibp")
    true = judged(tmp_path, {"t": claim("0.7", "0.8")}, method)
    assert true.verdict == "sound"


@pytest.mark.parametrize("method", ["ibp", "crown"])
def test_a_step_from_claims_beyond_the_domain_is_open_and_says_why(
    tmp_path: Path, method: str
) -> None:
    claims = {"a": claim("-1", "3"), "y": claim("0", "2")}
    report = judged(tmp_path, claims, method)
    assert report.verdict == "undecided"
    assert report.count(Finding.CONFIRMED) == 4
    sum_, logarithm = report.tensors
    assert (sum_.steps, sum_.not_judged) == ({**sum_.steps, Finding.INDUCTIVE: 2}, "")
    assert logarithm.steps == {Finding.OPEN: 2}
    assert "no finite ball" in logarithm.not_judged


def test_a_broken_step_is_found_where_what_comes_after_has_no_value(tmp_path: Path) -> None:
    """With x claimed from -3 on, x + tanh(1) reaches -2.2, whose logarithm nobody needs."""
    claims = {"a": claim("0", "3")}
    file = bounds_file(([Fraction(-3)], [Fraction(2)]), claims)
    assert judged(tmp_path, claims, "ibp").verdict == "sound"
    nodes = [helper.make_node("Add", ["x", "c"], ["a"]), helper.make_node("Log", ["a"], ["y"])]
    constants = {"c": np.ones((1, 1), np.float32)}
    path = builders.save(tmp_path / "n.onnx", nodes, constants, {"x": [1, 1]}, {"y": [1, 1]})
    lower, upper = (ExactTensor.full((1, 1), mpq(end)) for end in (1, 2))
    region = Region({"x": (lower, upper)})
    state = propagate(prepare(load_model(path)), region, Method.CROWN, {}, silent)
    report = judge_bounds(file, (state,))
    assert report.count(Finding.BROKEN) == 1


def test_a_true_claim_within_an_enclosure_is_not_refuted(tmp_path: Path) -> None:
    """tanh(x) - tanh(x) is 0, and enclosed by numbers on either side of it."""
    nodes = [
        helper.make_node("Tanh", ["x"], ["s"]),
        helper.make_node("Tanh", ["x"], ["t"]),
        helper.make_node("Sub", ["s", "t"], ["y"]),
    ]
    path = builders.save(tmp_path / "m.onnx", nodes, {}, {"x": [1, 1]}, {"y": [1, 1]})
    lower, upper = (ExactTensor.full((1, 1), mpq(end)) for end in (1, 2))
    region = Region({"x": (lower, upper)})
    state = propagate(prepare(load_model(path)), region, Method.IBP, {}, silent)
    for ends, count in ((("0", "0"), 0), (("1/9", "1/8"), 1), (("-1/8", "-1/9"), 1)):
        report = judge_bounds(bounds_file(BOX, {"y": claim(*ends)}, method="other"), (state,))
        assert report.count(Finding.REFUTED) == count
        assert report.verdict == ("unsound" if count else "undecided")
