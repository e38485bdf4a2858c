"""Lyapunov files: what they say, beside the same by hand; verdicts; what they are refused for."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import sha256
from itertools import product
from pathlib import Path

import builders
import numpy as np
import pytest
from gmpy2 import mpq
from onnx import helper

from refsem.audit.branching import branch
from refsem.audit.findings import Verdict, output_bounds
from refsem.audit.network import Budget, audit_network, audit_region, silent
from refsem.errors import InputError
from refsem.exact import ExactTensor
from refsem.ir import load_model
from refsem.ir.evaluation import evaluate_graph, prepare
from refsem.ir.joining import joined
from refsem.properties.claims import region_claims
from refsem.properties.stated import load_statement
from refsem.properties.statement import Statement
from refsem.rules.propagation import Method

GOOD = """
format = "refsem.property.v1"
kind = "lyapunov"
states = ["x", "y"]
controls = ["u"]
controller = "model"
time = "continuous"
candidate = {quadratic = [[2, 0.5], [0.5, 1]]}
equilibrium = [0, 0]
near = "quadratic"
level = "largest"
dynamics = {x = "y - x^3", y = "u"}
region = {lower = [-1, -1], upper = [1, 1.5]}
neighbourhood = {lower = [-0.125, -0.125], upper = [0.125, "1/4"]}
"""
LAW = builders.layer([[-1], [-1.5]], [0])
Maker = Callable[[str], Statement]


def network(path: Path, weights: builders.Layer, *bends: str) -> Path:
    """An affine map, and functions one after another."""
    constants: dict[str, builders.Array] = {}
    nodes = builders.affine_nodes("Gemm", weights, "state", "first", constants)
    last = "first"
    for bend in bends:
        nodes.append(helper.make_node(bend, [last], [f"{last} {bend}"]))
        last = f"{last} {bend}"
    inputs, outputs = weights[0].shape
    return builders.save(path, nodes, constants, {"state": [1, inputs]}, {last: [1, outputs]})


def said(folder: Path, text: str, model: Path) -> Statement:
    (folder / "p.toml").write_text(text, "utf-8")
    digest = sha256(model.read_bytes()).hexdigest()
    return load_statement(folder / "p.toml", load_model(model), digest)


@pytest.fixture
def linear(tmp_path: Path) -> Maker:
    """Statements about u = -x - 1.5 y."""
    model = network(tmp_path / "law.onnx", LAW)
    return lambda text: said(tmp_path, text, model)


def values(statement: Statement, points: list[tuple[mpq, ...]]) -> list[list[mpq]]:
    """All outputs at some points, exactly."""
    prepared = prepare(joined(statement.graph))
    flat = [entry for point in points for entry in point]
    rows = ExactTensor.from_rationals(flat, (len(points), len(points[0])))
    found = evaluate_graph(prepared, {"state": rows})[prepared.graph.outputs[0]]
    return [found[[row]].rationals() for row in range(len(points))]


GRID = [(mpq(a, 3), mpq(b, 5)) for a, b in product(range(-3, 4), repeat=2)]


def test_the_graph_is_v_its_change_the_rates_and_second_derivatives(linear: Maker) -> None:
    for (x, y), row in zip(GRID, values(linear(GOOD), GRID), strict=True):
        dx, dy = y - x**3, -x - mpq(3, 2) * y
        v = 2 * x * x + x * y + y * y
        change = (4 * x + y) * dx + (x + 2 * y) * dy
        # change = 4xy - 4x⁴ + y² - x³y - x² - 1.5xy - 2xy - 3y²
        curves = [-48 * x * x - 6 * x * y - 2, mpq(1, 2) - 3 * x * x, mpq(-4)]
        assert row == [v, change, dx, dy, 4, 1, 2, *curves]


def test_the_cases_are_named_and_in_order(linear: Maker) -> None:
    found = linear(GOOD)
    assert found.cases[:4] == (
        "V > 0 at x <= -1/8",
        "V falls at x <= -1/8",
        "V > 0 at x >= 1/8",
        "V falls at x >= 1/8",
    )
    assert found.cases[8] == "V > 0 near: row 0 +"
    # the largest level: 1 over entry (0, 0) of the inverse, 7/4; over entry (1, 1), 7/8; less 1 %
    faces = ("x = -1", "x = 1", "y = -1", "y = 3/2")
    assert found.cases[16:] == tuple(f"V > 433/500 at {face}" for face in faces)
    assert len(found.cases) == len(found.property.cases) == 20
    assert any("Lyapunov" in line for line in found.rests_on)


def test_the_boxes_hold_the_region_without_the_inside_of_the_neighbourhood(linear: Maker) -> None:
    boxes = [(case.lower, case.upper) for case in linear(GOOD).property.cases[:8]]
    steps = [mpq(k, 16) for k in range(-18, 26)]
    for point in product(steps, repeat=2):
        x, y = point
        inside = -1 <= x <= 1 and -1 <= y <= mpq(3, 2)
        near = abs(x) < mpq(1, 8) and -mpq(1, 8) < y < mpq(1, 4)
        held = any(
            all(low <= p <= high for low, p, high in zip(lower, point, upper, strict=True))
            for lower, upper in boxes
        )
        assert held is (inside and not near)


def test_gradients_of_networks(tmp_path: Path) -> None:
    """V = Σ (Wx)², as a network: the same values as its matrix."""
    weights = builders.layer([[1, 1], [0.5, -1]], [0, 0])
    constants: dict[str, builders.Array] = {"ones": np.ones((2, 1), np.float32)}
    nodes = builders.affine_nodes("Gemm", weights, "state", "first", constants)
    nodes.append(helper.make_node("Mul", ["first", "first"], ["squares"]))
    nodes.append(helper.make_node("MatMul", ["squares", "ones"], ["V"]))
    shapes = {"state": [1, 2]}, {"V": [1, 1]}
    candidate = builders.save(tmp_path / "v.onnx", nodes, constants, *shapes)
    law = network(tmp_path / "law.onnx", LAW)
    digest = sha256(candidate.read_bytes()).hexdigest()
    text = GOOD.replace("{quadratic = [[2, 0.5], [0.5, 1]]}", "V").replace('"largest"', "0.1")
    beside = text.replace("= V", f'= {{network = "v.onnx", sha256 = "{digest}"}}')
    digest = sha256(law.read_bytes()).hexdigest()
    model = text.replace("= V", '= "model"').replace(
        'controller = "model"', f'controller = {{network = "law.onnx", sha256 = "{digest}"}}'
    )
    matrix = text.replace("= V", "= {quadratic = [[2, -0.5], [-0.5, 1.25]]}")
    expression = text.replace("= V", '= {expression = "(x + y/2)^2 + (x - y)^2"}')
    found = [
        values(said(tmp_path, one, subject), GRID)
        for one, subject in ((beside, law), (model, candidate), (matrix, law), (expression, law))
    ]
    assert found[0] == found[1] == found[2] == found[3]


DISCRETE = (
    ('"continuous"', '"discrete"'),
    ('{x = "y - x^3", y = "u"}', '{x = "x/2 + y/4", y = "y/2 + u/8"}'),
)


def changed(*pairs: tuple[str, str]) -> str:
    text = GOOD
    for old, new in pairs:
        assert text.count(old) >= 1, old
        text = text.replace(old, new)
    return text


def test_steps_are_compared_with_the_next_state(linear: Maker) -> None:
    found = linear(changed(*DISCRETE))
    for (x, y), row in zip(GRID, values(found, GRID), strict=True):
        after = x / 2 + y / 4, y / 2 + (-x - mpq(3, 2) * y) / 8
        now, later = (2 * a * a + a * b + b * b for a, b in ((x, y), after))
        assert row[:4] == [now, later - now, *after]
    assert "next x > -1 where V <= 433/500" in found.cases


def judged(statement: Statement, seconds: float = 60.0) -> dict[str, Verdict]:
    """The verdict of each case by its name, without the obligations of rules."""
    prepared = prepare(joined(statement.graph))
    deadline = time.monotonic() + seconds
    found = {}
    for claims in region_claims(prepared, statement.property):
        region = audit_region(prepared, claims, Method.CROWN, silent)
        if not region.witnesses and len(region.shown) < len(claims.cases):
            region = replace(region, branched=branch(prepared, claims, deadline, lambda *_: None))
        found |= {statement.cases[case]: region.verdict(case) for case, _ in claims.cases}
    return found


LINE = """
format = "refsem.property.v1"
kind = "lyapunov"
states = ["x"]
controls = ["u"]
controller = "model"
time = "continuous"
candidate = {quadratic = [[1]]}
equilibrium = [0]
near = "quadratic"
level = 0.9
dynamics = {x = "u - x + 0.1*sin(x)"}
region = {lower = [-1], upper = [1]}
neighbourhood = {lower = [-0.25], upper = [0.25]}
"""


@pytest.fixture
def bent(tmp_path: Path) -> Maker:
    """Statements about u = tanh(-x/2)."""
    model = network(tmp_path / "bent.onnx", builders.layer([[-0.5]], [0]), "Tanh")
    return lambda text: said(tmp_path, text, model)


HOLDING = {
    "continuous": LINE,
    "reached": LINE.replace('"quadratic"', '"reach"'),
    "an expression": LINE.replace("{quadratic = [[1]]}", '{expression = "x^2 + 0.1*x^4"}'),
    "discrete": LINE.replace('"continuous"', '"discrete"').replace("u - x", "0.5*u"),
    "discrete, reached": LINE.replace('"continuous"', '"discrete"')
    .replace("u - x", "0.5*u")
    .replace('"quadratic"', '"reach"'),
}


@pytest.mark.parametrize("name", HOLDING)
def test_stable_lines_hold(bent: Maker, name: str) -> None:
    statement = bent(HOLDING[name])
    assert judged(statement) == dict.fromkeys(statement.cases, Verdict.HOLDS)


LEVEL = mpq(9, 10)
V_AT_MOST = {(((0, 1),), LEVEL)}
UNSAFE: Mapping[str, set[tuple[tuple[tuple[int, int], ...], mpq]]] = {
    "V > 0 at": {(((0, 1),), mpq(0))},
    "V falls at": {(((1, -1),), mpq(0))},
    "V > 9/10 at": V_AT_MOST,
    "V < 9/10 in": {(((0, -1),), -LEVEL)},
    "V < 9/10 next": {(((0, -1), (1, -1)), -LEVEL)},
    "next x > -1 where": {(((2, 1),), mpq(-1)), *V_AT_MOST},
    "next x < 1 where": {(((2, -1),), mpq(-1)), *V_AT_MOST},
    "V > 0 near": {(((3, 1),), mpq(0))},
    "V falls near": {(((4, -1),), mpq(0))},
}
"""By how a case is called: outputs with their factors, and the bound of their sum, for each row."""


@pytest.mark.parametrize("name", HOLDING)
def test_each_case_is_unsafe_from_the_first_point_that_denies_it(bent: Maker, name: str) -> None:
    """No margin on either side: equality counts against the claim."""
    statement = bent(HOLDING[name])
    for called, case in zip(statement.cases, statement.property.cases, strict=True):
        (kind,) = (one for one in UNSAFE if called.startswith(one))
        rows = set()
        for one in case.unsafe:
            assert not one.strict
            assert one.inputs == ()
            # near the equilibrium rows have a positive factor of their own
            scale = abs(one.outputs[0][1]) if "near" in kind else mpq(1)
            factors = tuple((place, int(factor / scale)) for place, factor in one.outputs)
            rows.add((factors, one.bound))
        assert rows == UNSAFE[kind], called


JUMPING = (
    LINE.replace('"continuous"', '"discrete"')
    .replace("u - x", "x + 2 - x^2")
    .replace('near = "quadratic"', 'near = "reach"')
)
FALSE: Mapping[str, tuple[str, ...]] = {
    LINE.replace("[[1]]", "[[-1]]"): ("V > 0 at x <= -1/4", "V > 0 near: along (1)"),
    LINE.replace("u - x", "x - u"): ("V falls at x >= 1/4", "V falls near: along (1)"),
    LINE.replace("u - x", "x/100 + 0*u").replace("0.1*sin(x)", "0"): ("V falls at x >= 1/4",),
    LINE.replace("level = 0.9", "level = 1"): ("V > 1 at x = 1", "V > 1 at x = -1"),
    HOLDING["reached"].replace("level = 0.9", "level = 0.05"): ("V < 1/20 in the neighbourhood",),
    JUMPING: ("V falls at x <= -1/4", "next x < 1 where V <= 9/10"),
}


@pytest.mark.parametrize("text", FALSE, ids=range(len(FALSE)))
def test_what_is_false_is_refuted_by_its_case(bent: Maker, text: str) -> None:
    found = judged(bent(text), 5)
    for name in FALSE[text]:
        assert found[name] is Verdict.VIOLATED, name


def test_an_indefinite_form_is_refuted_along_a_direction(linear: Maker) -> None:
    text = changed(("[[2, 0.5], [0.5, 1]]", "[[1, 2], [2, 1]]"), ('level = "largest"', ""))
    found = judged(linear(text), 0.01)
    assert found["V > 0 near: along (-2, 1)"] is Verdict.VIOLATED


def test_kinks_allow_reaching_only(tmp_path: Path) -> None:
    model = network(tmp_path / "kink.onnx", builders.layer([[-0.5]], [0]), "Relu")
    with pytest.raises(InputError, match=r"no second derivatives.*kinks.*'reach'"):
        said(tmp_path, LINE, model)
    statement = said(tmp_path, HOLDING["reached"], model)
    assert set(judged(statement).values()) == {Verdict.HOLDS}
    assert any("practical stability only" in line for line in statement.rests_on)


REFUSALS = {
    ('states = ["x", "y"]', 'states = ["x", "x"]'): ("states[1]", "is a name already"),
    ('states = ["x", "y"]', 'states = ["x", "sin"]'): ("states[1]", "is a function"),
    ('states = ["x", "y"]', 'states = ["x", "2"]'): ("states[1]", "a name is a letter"),
    ('states = ["x", "y"]', 'states = ["x"]'): ("controller", "2 inputs and 1 outputs, for 1"),
    ('states = ["x", "y"]', "states = []"): ("states", "0 states"),
    ('controls = ["u"]', 'controls = ["u", "w"]'): ("controller", "for 2 states and 2 controls"),
    ('controls = ["u"]', 'controls = ["x"]'): ("controls[0]", "is a name already"),
    ('controller = "model"', ""): ("controls", "there is no controller"),
    ('"model"', '{network = "../law.onnx", sha256 = ""}'): ("controller.network", "plain name"),
    ('"model"', '{network = "law.onnx", sha256 = "00"}'): ("controller.sha256", "the SHA-256 of"),
    ('"model"', '"modal"'): ("controller", "where an object was expected"),
    ('"continuous"', '"often"'): ("time", "expected one of"),
    ("[[2, 0.5], [0.5, 1]]", "[[2, 0.5], [0.25, 1]]"): ("candidate.quadratic", "not symmetric"),
    ("[[2, 0.5], [0.5, 1]]", "[[2, 0.5]]"): ("candidate.quadratic", "1 rows for 2 states"),
    ("[[2, 0.5], [0.5, 1]]", "[[1, 2], [2, 1]]"): ("candidate", "not positive definite"),
    ("{quadratic = [[2, 0.5], [0.5, 1]]}", '{expression = "x + u"}'): (
        "candidate.expression",
        "character 5",
    ),
    ("{quadratic = [[2, 0.5], [0.5, 1]]}", '{expression = "abs(x)"}'): (
        "candidate.expression",
        "character 1",
    ),
    ('"y - x^3"', '"floor(y)"'): ("dynamics", "a step"),
    ('"y - x^3"', '"y + 0*sign(x)"'): ("dynamics.x", "character 7"),
    ('"y - x^3"', '"atan(u)"'): ("dynamics.x", "no operator of the catalogue means atan"),
    ('"y - x^3"', '"((x^8)^8)^8"'): ("dynamics.x", "more than 64 factors"),
    ("{quadratic = [[2, 0.5], [0.5, 1]]}", '{expression = "cosh(x) - 1"}'): (
        "candidate.expression",
        "no operator of the catalogue means cosh",
    ),
    ("{quadratic = [[2, 0.5], [0.5, 1]]}", '{expression = "((((x^8)^8)^8)^8)^8"}'): (
        "candidate.expression",
        "more than 64 factors",
    ),
    ('"y - x^3"', '"w"'): ("dynamics.x", "character 1: 'w'"),
    (', y = "u"', ""): ("dynamics", "the key 'y' is missing"),
    (', y = "u"', ', y = "u", z = "x"'): ("dynamics.z", "unknown key"),
    ('"y - x^3"', '"y + 0.1"'): ("equilibrium", "is none: the rate of 'x' there is 1/10"),
    ("equilibrium = [0, 0]", "equilibrium = [0]"): ("equilibrium", "1 numbers for 2 states"),
    ("equilibrium = [0, 0]", "equilibrium = [0.125, 0]"): ("equilibrium", "strictly inside the n"),
    ("lower = [-0.125, -0.125]", "lower = [-1, -0.125]"): ("neighbourhood", "inside the region"),
    ("upper = [1, 1.5]", "upper = [1, -1]"): ("region", "lower[1] is not less"),
    ("upper = [1, 1.5]", "upper = [1, inf]"): ("region.upper[1]", "an infinite number"),
    ('level = "largest"', "level = 0"): ("level", "greater than 0"),
    ('level = "largest"', 'level = "larger"'): ("level", "is not a number"),
    ("neighbourhood = {lower = [-0.125, -0.125]", "neighbourhood = {lower = [-0.9, -0.9]"): (
        "near",
        "make it smaller",
    ),
}


@pytest.mark.parametrize("change", REFUSALS, ids=lambda pair: pair[1][:30])
def test_what_is_wrong_is_refused_by_its_place(linear: Maker, change: tuple[str, str]) -> None:
    place, message = REFUSALS[change]
    with pytest.raises(InputError) as caught:
        linear(changed(change))
    assert caught.value.place == place
    assert message in caught.value.message


@pytest.mark.parametrize("candidate", ["{quadratic = [[1]]}", '{expression = "x^8"}'])
def test_v_of_the_next_state_is_of_bounded_degree(bent: Maker, candidate: str) -> None:
    """Of 64 factors a dynamics is read, and its square is not."""
    text = HOLDING["discrete, reached"].replace("{quadratic = [[1]]}", candidate)
    wide = text.replace("0.5*u + 0.1*sin(x)", "((x^8)^8)")
    assert wide != text
    with pytest.raises(InputError, match="V of the next state has a product") as caught:
        bent(wide)
    assert caught.value.place == "dynamics"
    assert bent(text.replace("0.5*u + 0.1*sin(x)", "x^7")).cases


def test_no_reader_sees_a_network_of_another_digest(linear: Maker, tmp_path: Path) -> None:
    """What is no model is refused for its digest, not for what a reader makes of it."""
    (tmp_path / "other.onnx").write_bytes(b"no model")
    with pytest.raises(InputError) as caught:
        linear(changed(('"model"', '{network = "other.onnx", sha256 = "00"}')))
    assert caught.value.place == "controller.sha256"


@pytest.mark.parametrize("bend", ["Sign", "Floor", "Where"])
def test_controllers_that_jump_are_refused_in_continuous_time(tmp_path: Path, bend: str) -> None:
    weights = builders.layer([[-1]], [0])
    if bend == "Where":
        half = np.full((1, 1), 0.5, np.float32)
        constants: dict[str, builders.Array] = {"zero": np.zeros((1, 1), np.float32), "half": half}
        nodes = builders.affine_nodes("Gemm", weights, "state", "first", constants)
        nodes.append(helper.make_node("Less", ["zero", "first"], ["open"]))
        nodes.append(helper.make_node("Where", ["open", "half", "zero"], ["step"]))
        nodes.append(helper.make_node("Add", ["first", "step"], ["u"]))
        shapes = {"state": [1, 1]}, {"u": [1, 1]}
        model = builders.save(tmp_path / "law.onnx", nodes, constants, *shapes)
    else:
        model = network(tmp_path / "law.onnx", weights, bend)
    with pytest.raises(InputError, match=r"a step.*may jump") as caught:
        said(tmp_path, HOLDING["reached"], model)
    assert caught.value.place == "controller"
    assert said(tmp_path, HOLDING["discrete, reached"], model).cases


@pytest.mark.parametrize(
    ("rate", "word"),
    [
        ("u - x", "as every operator in them shows"),
        ("u - 0.1*sqrt(sqrt(x*x))", "the assumption that the rates are locally Lipschitz"),
        ("u/(1 + x*x)", "the assumption that the rates are locally Lipschitz"),
    ],
)
def test_that_motions_exist_is_shown_or_assumed(bent: Maker, rate: str, word: str) -> None:
    found = bent(HOLDING["reached"].replace("u - x + 0.1*sin(x)", rate))
    assert [word in line for line in found.rests_on].count(True) == 1
    (line,) = (line for line in found.rests_on if "locally Lipschitz" in line)
    assert word in line


WHOLE, PART = "is spoken of as a whole", "only the points of the region with V <="


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (LINE, WHOLE),
        (HOLDING["discrete, reached"], WHOLE),
        (LINE.replace("level = 0.9", "level = 1"), PART),
        (HOLDING["discrete, reached"].replace("level = 0.9", "level = 4"), PART),
        (HOLDING["an expression"], PART),
        (LINE.replace("level = 0.9", ""), "no level is stated"),
    ],
)
def test_of_which_points_a_level_speaks(bent: Maker, text: str, word: str) -> None:
    found = [word in line for line in bent(text).rests_on]
    assert found.count(True) == 1
    for other in {WHOLE, PART} - {word}:
        assert not any(other in line for line in bent(text).rests_on)


OUTSIDE = {
    # x = 2 has V = 4, and moves to V = 16
    "discrete": HOLDING["discrete, reached"]
    .replace("0.5*u + 0.1*sin(x)", "x*x*u")
    .replace("level = 0.9", "level = 4"),
    # x = 3.2 has V = -12; V is 4 or less there too
    "continuous": HOLDING["reached"]
    .replace("{quadratic = [[1]]}", '{expression = "0.5*x^2*(10 - x^2)"}')
    .replace("u - x + 0.1*sin(x)", "u*(1 - x*x/2)")
    .replace("level = 0.9", "level = 4"),
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_points_beyond_the_region_are_not_spoken_of(bent: Maker, name: str) -> None:
    """All cases hold, of the points of the region; those beyond it do leave."""
    statement = bent(OUTSIDE[name])
    assert judged(statement) == dict.fromkeys(statement.cases, Verdict.HOLDS)
    assert any(PART in line for line in statement.rests_on)


def test_a_candidate_that_does_not_vanish_or_is_flat_is_refused(bent: Maker) -> None:
    for text, message in (
        ("x^2 + 1", "1 at the equilibrium"),
        ("x^2 + x", "the derivative in state 0"),
        ("x^4", "only semidefinite"),
        ("x^2*exp(1)", "no exact value"),
        ("x^2 + 0*tanh(x + 1)", "no exact value"),
    ):
        with pytest.raises(InputError, match=message):
            bent(LINE.replace("{quadratic = [[1]]}", f'{{expression = "{text}"}}'))


def test_a_whole_audit_has_boxes_of_all_outputs(bent: Maker) -> None:
    """Leaves bound the parts that the cases speak of; the report has every output."""
    statement = bent(LINE)
    prepared = prepare(joined(statement.graph))
    budget = Budget(60.0, lambda *_: None, everywhere=True)
    audit = audit_network(prepared, statement.property, Method.CROWN, silent, budget)
    assert audit.verdict is Verdict.HOLDS
    assert len(list(output_bounds(audit))) == 5 * len(statement.cases)
