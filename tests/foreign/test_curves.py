"""ODE corridors and PINN residuals, judged over whole intervals: true ones and false ones."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from checking import checked, written, written_in_full
from gmpy2 import mpq

from refsem.certificates.foreign import corridors, residuals
from refsem.certificates.foreign.chains import Affine
from refsem.certificates.foreign.curves import (
    MOST_OPEN,
    Broken,
    Claim,
    Network,
    Open,
    Shown,
    curves,
    settle,
)
from refsem.certificates.report import Verdict
from refsem.errors import InputError
from refsem.exact import ExactTensor
from refsem.ir.operators import Op
from refsem.ir.terms import Term, variables

Document = dict[str, Any]
Change = Callable[[Document], None]
u, u1, u2, t = variables("u u' u'' t")


def layer(weight: list[list[str]], bias: list[str]) -> Affine:
    rows = [mpq(entry) for row in weight for entry in row]
    shape = (len(weight), len(weight[0]))
    return Affine(
        ExactTensor.from_rationals(rows, shape),
        ExactTensor.from_rationals([mpq(entry) for entry in bias], (1, len(bias))),
    )


WAVE = Network((layer([["1"]], ["0"]), layer([["1"]], ["0"])), Op.SIN)
"""sin t."""
BEND = Network((layer([["3"], ["-1/3"]], ["1/7", "0"]), layer([["1", "2"]], ["1"])), Op.TANH)


def test_a_sine_satisfies_its_equation_and_no_other() -> None:
    """u'' + u = 0 exactly; u'' + u ≤ -1/100 nowhere."""
    prepared = curves({"u": WAVE}, 2, {"zero": u2 + u, "square": u * u + u1 * u1})
    small = mpq(1, 100)
    claims = {"zero": Claim(-small, small), "square": Claim(1 - small, 1 + small)}
    assert settle(prepared, claims, mpq(0), mpq(3), 400) == {"zero": Shown(), "square": Shown()}
    claims = {"zero": Claim(None, -small), "square": Claim(None, mpq(1) - small)}
    found = settle(prepared, claims, mpq(0), mpq(3), 400)
    assert all(isinstance(one, Broken) for one in found.values())


@pytest.mark.parametrize("name", ["u", "u'", "u''"])
def test_ranges_of_derivatives_are_neither_missed_nor_widened(name: str) -> None:
    """A claim a little wider than the sampled range is shown; a little narrower, it is broken."""

    def value(x: float) -> float:
        first, last = math.tanh(3 * x + 1 / 7), math.tanh(-x / 3)
        slopes = 1 - first**2, 1 - last**2
        return {
            "u": first + 2 * last + 1,
            "u'": 3 * slopes[0] - 2 * slopes[1] / 3,
            "u''": 9 * -2 * first * slopes[0] + 2 / 9 * -2 * last * slopes[1],
        }[name]

    samples = [value(-1 + k / 500) for k in range(1001)]
    prepared = curves({"u": BEND}, 2, {"claim": Term(name)})
    ends = mpq(min(samples)), mpq(max(samples))
    margin = (ends[1] - ends[0]) / 50
    wide, narrow = (Claim(ends[0] - m, ends[1] + m) for m in (margin, -margin))
    assert settle(prepared, {"claim": wide}, mpq(-1), mpq(1), 400) == {"claim": Shown()}
    found = settle(prepared, {"claim": narrow}, mpq(-1), mpq(1), 400)["claim"]
    assert isinstance(found, Broken)
    assert found.end in (narrow.lower, narrow.upper)
    assert abs(float(found.value) - value(float(found.point))) < 1e-12


def test_what_too_few_pieces_do_not_settle_stays_open() -> None:
    prepared = curves({"u": BEND}, 2, {"claim": u2, "other": u})
    claims = {"claim": Claim(mpq(-7), mpq(7)), "other": Claim(mpq(-9), mpq(9))}
    found = settle(prepared, claims, mpq(-1), mpq(1), 1)
    assert found == {"claim": Open(1), "other": Shown()}


# corridors


def constant(value: float) -> Document:
    return {
        "meta": {"activation": "tanh"},
        "layers.0.weight": [[0.0]],
        "layers.0.bias": [0.0],
        "layers.1.weight": [[0.0]],
        "layers.1.bias": [value],
    }


def rising(slope: float, start: float) -> Document:
    """About start + slope · t: a hyperbolic tangent of a small multiple."""
    return constant(start) | {
        "layers.0.weight": [[0.125]],
        "layers.1.weight": [[slope * 8]],
    }


def corridor(folder: Path) -> Document:
    """u' = u (1 - u) from 1/4, between 1/4 and a line of slope 1/4."""
    written(folder / "low.json", constant(0.25))
    written(folder / "high.json", rising(0.27, 0.25))
    written(folder / "one.json", constant(1.0))
    segment = {"t0": 0.0, "t1": 0.5, "init": 0.25, "lowerWeights": "x/low.json"}
    segment |= {"upperWeights": "x/high.json"}
    return {"rhs": "u*(1-u)", "segments": [segment], "settings": {"slack": 0.0}}


def second(document: Document) -> None:
    one = document["segments"][0]
    document["segments"].append(
        one | {"t0": 0.5, "t1": 1.0, "init": {"lo": 0.25, "hi": 0.5}, "upperWeights": "one.json"}
    )


def put(*path: str | int, value: object) -> Change:
    def change(document: Document) -> None:
        inner: Any = document
        for step in path[:-1]:
            inner = inner[step]
        inner[path[-1]] = value

    return change


def both(*changes: Change) -> Change:
    def change(document: Document) -> None:
        for one in changes:
            one(document)

    return change


CORRIDORS: list[tuple[Change, Verdict, str]] = [
    (lambda _: None, Verdict.ACCEPTED, "sub- and a supersolution"),
    (second, Verdict.ACCEPTED, "sub- and a supersolution"),
    (put("segments", 0, "init", value=0.26), Verdict.REJECTED, "hi ≤ u_U at the beginning"),
    (put("segments", 0, "init", value=0.24), Verdict.REJECTED, "u_L ≤ lo at the beginning"),
    (put("rhs", value="u*(1-u)+0.1"), Verdict.REJECTED, "f(t, u_U) ≤ u_U'"),
    (put("rhs", value="u*(1-u)+t"), Verdict.REJECTED, "f(t, u_U) ≤ u_U'"),
    (put("rhs", value="0-u"), Verdict.REJECTED, "u_L' ≤ f(t, u_L)"),
    (put("segments", 0, "lowerWeights", value="one.json"), Verdict.REJECTED, "u_L ≤ u_U"),
    (
        both(second, put("segments", 1, "init", value={"lo": 0.25, "hi": 0.3})),
        Verdict.REJECTED,
        "it begins above the end before it",
    ),
    (
        both(second, put("segments", 1, "init", value={"lo": 0.3, "hi": 0.5})),
        Verdict.REJECTED,
        "it begins below the end before it",
    ),
    (put("rhs", value="u/(1+t)"), Verdict.UNDECIDED, "inside the corridor"),
    (put("rhs", value="sqrt(u)"), Verdict.UNDECIDED, "inside the corridor"),
    (put("rhs", value="floor(u)"), Verdict.UNDECIDED, "inside the corridor"),
    (put("rhs", value="u - u*round(t)"), Verdict.UNDECIDED, "inside the corridor"),
    (put("rhs", value="sinh(u)"), Verdict.UNDECIDED, "no operator of the catalogue means sinh"),
    (put("segments", 0, "upperWeights", value="../up.json"), Verdict.UNDECIDED, "absent"),
]


@pytest.mark.parametrize(("change", "verdict", "words"), CORRIDORS)
def test_corridors_are_judged(tmp_path: Path, change: Change, verdict: Verdict, words: str) -> None:
    document = corridor(tmp_path)
    change(document)
    found = checked(written(tmp_path / "f.json", document))
    said = " ".join((*found.reasons, *(finding.message for finding in found.findings)))
    assert found.verdict is verdict, said
    assert words in said


def test_a_network_with_kinks_is_not_judged(tmp_path: Path) -> None:
    document = corridor(tmp_path)
    written(tmp_path / "high.json", rising(0.27, 0.25) | {"meta": {"activation": "relu"}})
    found = checked(written(tmp_path / "f.json", document))
    assert found.verdict is Verdict.UNDECIDED
    assert "relu is not differentiated" in found.reasons[0]


@pytest.mark.parametrize("init", [{"lo": [], "hi": []}, {"lo": [0, 0], "hi": [1, 1]}, {"lo": 0}])
def test_an_init_that_is_not_one_interval_is_refused(tmp_path: Path, init: object) -> None:
    document = corridor(tmp_path)
    document["segments"][0]["init"] = init
    with pytest.raises(InputError) as caught:
        checked(written(tmp_path / "f.json", document))
    assert caught.value.place.startswith("segments[0].init")


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b", "..", ""])
def test_a_name_that_is_no_name_is_absent(tmp_path: Path, name: str) -> None:
    document = corridor(tmp_path)
    document["segments"][0]["upperWeights"] = name
    found = checked(written(tmp_path / "f.json", document))
    assert found.verdict is Verdict.UNDECIDED
    assert "parameters absent" in found.reasons[0]


WRONG_TEXT = ("", "u*", "v", "u)", "(u", "u^9", "u^-1", "1..2", "u u", "sin u", "__import__('os')")
WRONG_TEXT += ("-" * 1500 + "u", "(" * 900 + "u" + ")" * 900)


@pytest.mark.parametrize("text", WRONG_TEXT)
def test_what_is_no_expression_is_refused(tmp_path: Path, text: str) -> None:
    document = corridor(tmp_path)
    document["rhs"] = text
    with pytest.raises(InputError) as caught:
        checked(written(tmp_path / "f.json", document))
    assert caught.value.place == "rhs"
    assert caught.value.message.startswith("character ")


@pytest.mark.parametrize(
    ("weights", "place"),
    [
        (constant(0.25) | {"layers.1.weight": [[0.0, 0.0]]}, "layers.1.weight[0]"),
        (constant(0.25) | {"layers.1.bias": [0.0, 1.0]}, "layers.1.bias"),
        (constant(0.25) | {"meta": {"activation": "gelu"}}, "meta.activation"),
        (constant(0.25) | {"layers.7.bias": [0.0]}, "layers.7.bias"),
    ],
)
def test_wrong_weights_are_refused_with_their_place(
    tmp_path: Path, weights: Document, place: str
) -> None:
    document = corridor(tmp_path)
    written(tmp_path / "high.json", weights)
    with pytest.raises(InputError) as caught:
        checked(written(tmp_path / "f.json", document))
    assert (caught.value.file, caught.value.place) == (str(tmp_path / "high.json"), place)


@pytest.mark.nightly
def test_the_learned_corridor_of_the_logistic_equation_is_true(data: Path) -> None:
    (path, *_) = sorted((data / "torchlean").rglob("logistic_learned_cert.json"))
    assert checked(path).verdict is Verdict.ACCEPTED


# residuals


def wave() -> Document:
    """u = sin x with u'' + u = 0 around 1/2, within 1/8; every claim with room to spare."""
    weights = {"W1": [[1.0]], "b1": [0.0], "W2": [[1.0]], "b2": [0.0]}
    bounds = {name: {"lo": -1.0, "hi": 1.0} for name in ("u_minus", "u", "u_plus")}
    return {
        "model": {"arch": [1, 1, 1], "activations": ["sin"], "weights": weights},
        "pinn": {"pde": "u''(x) = -u", "domain": [0, 1], "h": 0.5, "eps": 0.125, "points": [0.5]},
        "residual_bounds": {"lo": [-4.0], "hi": [2.0]},
        "residual_bounds_deriv": {"lo": [-0.001], "hi": [0.001]},
        "u_bounds": [{"x": 0.5} | bounds],
    }


LEAST, GREATEST = math.sin(0.375), math.sin(0.625)
RESIDUALS: list[tuple[Change, Verdict, str]] = [
    (lambda _: None, Verdict.ACCEPTED, "every bound holds"),
    (put("pinn", "pde", value="u_xx + u"), Verdict.ACCEPTED, "every bound holds"),
    (put("pinn", "pde", value="uxx*1 - -u = 0.0005"), Verdict.ACCEPTED, "every bound holds"),
    (put("pinn", "pde", value="uxx + u = 0.002"), Verdict.REJECTED, "false at x"),
    (put("pinn", "pde", value="sinh(u)"), Verdict.UNDECIDED, "means sinh"),
    (put("pinn", "pde", value="ux"), Verdict.REJECTED, "false at x"),
    (put("residual_bounds_deriv", "lo", value=[0.0005]), Verdict.REJECTED, "false at x"),
    (put("residual_bounds", "hi", value=[-0.5]), Verdict.REJECTED, "false at x"),
    (put("u_bounds", 0, "u", value={"lo": LEAST + 1e-9, "hi": 1}), Verdict.REJECTED, "false at x"),
    (put("u_bounds", 0, "u", value={"lo": LEAST - 1e-9, "hi": 1}), Verdict.ACCEPTED, "holds"),
    (
        put("u_bounds", 0, "u", value={"lo": 0, "hi": GREATEST - 1e-9}),
        Verdict.REJECTED,
        "false at x",
    ),
    (put("u_bounds", 0, "u_minus", value={"lo": 0.0, "hi": 1}), Verdict.REJECTED, "false at x"),
    (put("model", "weights", "b2", value=[0.5]), Verdict.REJECTED, "false at x"),
    (
        both(put("pinn", "points", value=[1.5]), put("u_bounds", 0, "x", value=1.5)),
        Verdict.REJECTED,
        "outside the domain",
    ),
]


@pytest.mark.parametrize(("change", "verdict", "words"), RESIDUALS)
def test_residuals_are_judged(tmp_path: Path, change: Change, verdict: Verdict, words: str) -> None:
    document = wave()
    change(document)
    found = checked(written_in_full(tmp_path / "f.json", document))
    said = " ".join((*found.reasons, *(finding.message for finding in found.findings)))
    assert found.verdict is verdict, said
    assert words in said


def test_a_file_of_many_open_claims_is_left_open_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(residuals, "MOST_PIECES", 1)
    document, count = wave(), MOST_OPEN + 4
    points = [place / 32 for place in range(count)]
    document["pinn"] |= {"pde": "log(u - 2)", "points": points, "eps": 0}
    for key in ("residual_bounds", "residual_bounds_deriv"):
        document[key] = {"lo": [-100.0] * count, "hi": [100.0] * count}
    document["u_bounds"] = [document["u_bounds"][0] | {"x": point} for point in points]
    found = checked(written_in_full(tmp_path / "f.json", document))
    assert found.verdict is Verdict.UNDECIDED
    assert found.reasons[-1] == f"points from number {MOST_OPEN} on were not looked at"
    monkeypatch.setattr(corridors, "MOST_PIECES", 1)
    many, segment = corridor(tmp_path), 1 / 64
    (one,) = many["segments"]
    spans = [(place * segment, (place + 1) * segment) for place in range(count)]
    # where u' is 0, it is not, for sure, at most the rate by balls and boxes
    many["rhs"] = "exp(u)*exp(-u) - 1"
    constant_ = {"init": 0.25, "lowerWeights": "low.json", "upperWeights": "low.json"}
    many["segments"] = [one | constant_ | {"t0": t0, "t1": t1} for t0, t1 in spans]
    found = checked(written_in_full(tmp_path / "c.json", many))
    assert found.verdict is Verdict.UNDECIDED
    assert any("it and what follows" in reason for reason in found.reasons)


def test_the_report_says_how_much_of_the_domain_is_spoken_of(tmp_path: Path) -> None:
    found = checked(written(tmp_path / "f.json", wave()))
    assert found.facts == {"covered": "1/4 of the domain's length"}


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (put("pinn", "pde", value="uyy"), "pinn.pde"),
        (put("pinn", "points", value=[0.5, 0.6]), "u_bounds"),
        (put("u_bounds", 0, "x", value=0.25), "u_bounds[0].x"),
        (put("pinn", "h", value=0), "pinn"),
        (put("residual_bounds", value={"lo": [0, 0], "hi": [1, 1]}), "residual_bounds"),
        (put("model", "activations", value=["relu"]), "model.activations"),
        (put("model", "weights", "W2", value=[[1.0, 2.0]]), "model.weights.W2[0]"),
        (put("model", "weights", "Wm", value=[[1.0]]), "model.weights"),
        (put("model", "arch", value=[1, 2, 1]), "model.arch"),
        (put("model", "activations", value=["sin", "sin"]), "model.activations"),
        (put("residual_bounds", value={"lo": [], "hi": []}), "residual_bounds.lo"),
        (put("more", value=1), "more"),
    ],
)
def test_malformed_residuals_are_refused_with_their_place(
    tmp_path: Path, change: Change, place: str
) -> None:
    document = wave()
    change(document)
    with pytest.raises(InputError) as caught:
        checked(written(tmp_path / "f.json", document))
    assert caught.value.place == place


def test_the_shared_sample_is_false_by_rounding(data: Path) -> None:
    """Ends that are exact ranges, rounded inward: eight of them cut off a value of the network."""
    (path, *_) = sorted((data / "torchlean").rglob("pinn_cert.json"))
    found = checked(path)
    assert found.verdict is Verdict.REJECTED
    assert len(found.findings) == 8
    assert all(finding.ulps < 120 for finding in found.findings)
    assert not any("deriv" in finding.place for finding in found.findings)
    assert json.loads(path.read_text(encoding="utf-8"))["pinn"]["points"] == [0.25, 0.5, 0.75]
