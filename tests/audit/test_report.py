"""The report and the JSON object of an audit: they say what was found, whatever the names."""

import io
import json
import sys
from fractions import Fraction
from pathlib import Path

import builders
import pytest
from claim_files import write_property
from escape_checks import bounds_file
from gmpy2 import mpq
from onnx import helper
from rich.console import Console

from refsem.audit.findings import NetworkAudit
from refsem.audit.network import audit_network, silent
from refsem.audit.report import print_report
from refsem.audit.serialise import audit_object
from refsem.certificates.bounds_file import BoundsFile, Claimed
from refsem.certificates.judgement import BoundsReport, judge_bounds
from refsem.ir import load_model
from refsem.ir.evaluation import prepare
from refsem.properties import load_property
from refsem.rules.propagation import Method


def audited(model: Path, wanted: Path) -> NetworkAudit:
    return audit_network(prepare(load_model(model)), load_property(wanted), Method.CROWN, silent)


def judged(found: NetworkAudit, file: BoundsFile) -> BoundsReport:
    return judge_bounds(file, tuple(region.propagation for region in found.regions))


def printed(found: NetworkAudit, bounds: BoundsReport | None, width: int = 100) -> str:
    console = Console(file=io.StringIO(), width=width, markup=False, emoji=False)
    print_report(console, "title", found, bounds, ["read 0.00 s"])
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.fixture
def chain(tmp_path: Path) -> Path:
    """hidden_1 = (x, −x), y = |x|."""
    layers = [builders.layer([[1, -1]], [0, 0]), builders.layer([[1], [1]], [0])]
    return builders.sequential(tmp_path / "chain.onnx", layers)


@pytest.fixture
def found(tmp_path: Path, chain: Path) -> NetworkAudit:
    path = write_property(tmp_path / "p.vnnlib", ["-1"], ["1"], "(assert (>= Y_0 1))")
    return audited(chain, path)


BOX = ([Fraction(-1)], [Fraction(1)])


def test_a_counterexample_is_printed_whole(found: NetworkAudit) -> None:
    text = printed(found, None)
    assert "VIOLATED  0 of 1 unsafe cases proved empty, exactly, in real arithmetic" in text
    assert "counterexample to case 0, evaluated exactly:" in text
    assert "bounds file" not in text
    assert "surprising 0" in text
    witness = found.witness()
    assert witness is not None
    assert f"inputs  {witness.inputs[0]}\n" in text


def test_a_sound_file_is_said_to_be_so(found: NetworkAudit) -> None:
    claims = {"hidden_1": ([Fraction(-1)] * 2, [Fraction(1)] * 2)}
    text = printed(found, judged(found, bounds_file(BOX, claims)))
    assert "bounds file: SOUND  4 endpoints: 0 refuted, 4 confirmed, 0 open" in text
    assert "4 steps (method ibp): 0 broken, 4 inductive, 0 open" in text
    assert "unsound" not in text


def test_each_kind_of_finding_is_shown_once_with_its_witness(found: NetworkAudit) -> None:
    half = Fraction(1, 2)
    claims = {
        "hidden_1": ([-half] * 2, [Fraction(1)] * 2),
        "relu_1": ([Fraction(0)] * 2, [half] * 2),
    }
    box = ([-half], [half])
    text = printed(found, judged(found, bounds_file(box, claims)))
    assert text.count("the file's input box leaves out part of the property's box") == 1
    assert text.count("an endpoint is refuted: a point of the box escapes it") == 1
    assert text.count("a step is broken: a point of the claimed parents escapes it") == 1
    assert text.count("not that the bound is false") == 1
    assert "x[0] lower: exact -1 < claimed -0.5" in text
    assert "relu_1[0] upper: exact 1 > claimed 0.5 (by 8390000 ulp)" in text
    order = [text.index(words) for words in ("leaves out", "is refuted:", "is broken:")]
    assert order == sorted(order)


def test_unclaimed_operands_are_named(found: NetworkAudit) -> None:
    claims = {"y": ([Fraction(-9)], [Fraction(9)])}
    text = printed(found, judged(found, bounds_file(BOX, claims)))
    assert "y: its operand is unclaimed; judged from x" in text


def test_names_with_markup_and_emoji_are_shown_as_they_are(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Relu", ["[/x]"], ["[red]a[/red]"], "n"),
        helper.make_node("Identity", ["[red]a[/red]"], [":smile:"], "m"),
    ]
    ends = {"[/x]": [1, 1]}, {":smile:": [1, 1]}
    model = builders.save(tmp_path / "m.onnx", nodes, {}, *ends)
    path = write_property(tmp_path / "p.vnnlib", ["-1"], ["1"], "(assert (>= Y_0 1))")
    text = printed(audited(model, path), None)
    for name in ("[/x]", "[red]a[/red]", ":smile:"):
        assert f"\n{name} " in text


def test_a_witness_of_many_coordinates_is_shown_in_part(tmp_path: Path) -> None:
    weights = builders.layer([[1]] * 100, [0])
    model = builders.sequential(tmp_path / "m.onnx", [weights])
    path = write_property(tmp_path / "p.vnnlib", ["0"] * 100, ["1"] * 100, "(assert (>= Y_0 9))")
    found = audited(model, path)
    assert "… and 36 more" in printed(found, None)
    shown = audit_object(found, None)["witness"]
    assert isinstance(shown, dict)
    assert len(shown["inputs"]) == 100


def test_absurdly_large_numbers_can_be_shown(found: NetworkAudit) -> None:
    """A claim of -10^4900 has more digits than Python converts; its ulps exceed every float."""
    huge = Claimed((-(mpq(10) ** 5000),), (-(mpq(10) ** 4900),))
    file = BoundsFile("", "ibp", Claimed((mpq(-1),), (mpq(1),)), {"y": huge})
    report = judged(found, file)
    assert "exact 1 > claimed ≈-1e4900" in printed(found, report)
    text = json.dumps(audit_object(found, report), allow_nan=False)
    shown = json.loads(text)["bounds"]
    assert shown["worst_ulp"] == sys.float_info.max
    assert shown["witnesses"][0]["ulps"].endswith("e4868")
    assert shown["witnesses"][0]["claimed"] == "-1" + "0" * 4900


def test_the_object_repeats_the_judgement(found: NetworkAudit) -> None:
    half = Fraction(1, 2)
    claims = {"hidden_1": ([-half] * 2, [Fraction(1)] * 2)}
    report = judged(found, bounds_file(BOX, claims))
    shown = audit_object(found, report)["bounds"]
    assert shown == {
        "verdict": "unsound",
        "input_contains_box": True,
        "checked": 4,
        "refuted": 2,
        "confirmed": 2,
        "open": 0,
        "steps_checked": 4,
        "steps_broken": 2,
        "steps_open": 0,
        "worst_ulp": 8388610.0,
        "witnesses": [
            {
                "finding": finding,
                "tensor": "hidden_1",
                "index": 0,
                "side": "lower",
                "claimed": "-1/2",
                "exact": "-1",
                "exact_is": "exact",
                "ulps": "8388610",
                "point": {"x": ["-1"]},
            }
            for finding in ("refuted", "broken")
        ],
    }


def test_the_object_tells_endpoints_from_steps(found: NetworkAudit) -> None:
    """Three endpoints refuted, no step judged; then three steps open and none broken."""
    half = Fraction(1, 2)
    claims = {"hidden_1": ([-half] * 2, [Fraction(1), half])}
    counts = (
        "checked",
        "refuted",
        "confirmed",
        "open",
        "steps_checked",
        "steps_broken",
        "steps_open",
    )
    for method, expected in (("other", [4, 3, 1, 0, 0, 0, 0]), ("crown", [4, 3, 1, 0, 4, 0, 3])):
        shown = audit_object(found, judged(found, bounds_file(BOX, claims, method=method)))
        bounds = shown["bounds"]
        assert isinstance(bounds, dict)
        assert [bounds[name] for name in counts] == expected


def test_output_bounds_are_fractions_for_every_case_and_entry(tmp_path: Path) -> None:
    model = builders.sequential(tmp_path / "m.onnx", [builders.layer([[1, 0.5]], [0, 0])])
    unsafe = "(assert (or (>= Y_0 5) (and (<= X_0 0.1) (>= Y_1 4))))"
    path = write_property(tmp_path / "p.vnnlib", ["0"], ["(/ 1 3)"], unsafe, outputs=2)
    shown = audit_object(audited(model, path), None)
    assert shown["verdict"] == "holds"
    assert shown["outputs"] == [
        {"case": case, "tensor": "y", "index": index, "lower": "0", "upper": upper}
        for case, uppers in ((0, ("1/3", "1/6")), (1, ("1/10", "1/20")))
        for index, upper in enumerate(uppers)
    ]
