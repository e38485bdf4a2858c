"""Residual files: what they say, true of the network at points, and what they are refused for."""

from pathlib import Path

import numpy as np
import pytest
from builders import random_layers, sequential
from gmpy2 import mpq

from refsem.errors import InputError
from refsem.exact import ExactTensor
from refsem.ir import Graph, Op, load_model
from refsem.ir.evaluation import evaluate_graph, prepare
from refsem.ir.graph import make_node
from refsem.ir.joining import joined
from refsem.properties.claims import check_fits
from refsem.properties.stated import load_statement
from refsem.properties.statement import BoundedOutput, Statement

GOOD = """
format = "refsem.property.v1"
kind = "residual"
coordinates = ["t", "x"]
unknowns = ["u", "v"]
residual = "u_t - 0.1*u_xx + v_xt*v = x^2"
bound = 0.05
[domain]
t = [0, "1/3"]
x = [-1, 1]
[[conditions]]
where = { t = 0 }
expression = "u = 3*x"
bound = 0.01
"""


def cubic() -> Graph:
    """The network u = (t + 2x)³ + 1, v = (t - x)³: its derivatives are polynomials."""
    source = make_node("in", Op.INPUT, (), {"shape": (1, 2)})
    weight = make_node("w", Op.CONSTANT, (), {"shape": (2, 2)})
    bias = make_node("b", Op.CONSTANT, (), {"shape": (2,)})
    product = make_node("p", Op.MATMUL, (source, weight), {})
    cube = make_node("c", Op.CUBE, (product,), {})
    last = make_node("out", Op.ADD, (cube, bias), {})
    constants = {
        "w": np.array([[1, 1], [2, -1]], np.float32).view(np.uint32),
        "b": np.array([1, 0], np.float32).view(np.uint32),
    }
    return Graph((source, weight, bias, product, cube, last), constants, ("in",), ("out",))


def write(folder: Path, text: str) -> Path:
    path = folder / "p.toml"
    path.write_text(text, "utf-8")
    return path


def at(found: Statement, *point: mpq) -> list[mpq]:
    prepared = prepare(joined(found.graph))
    check_fits(prepared, found.property, "")
    given = {prepared.graph.inputs[0]: ExactTensor.from_rationals(point, (1, len(point)))}
    return evaluate_graph(prepared, given)[prepared.graph.outputs[0]].rationals()


def test_what_a_file_says(tmp_path: Path) -> None:
    found = load_statement(write(tmp_path, GOOD), cubic(), "")
    assert found.graph.outputs == ("residual", "condition 0")
    assert found.cases == (
        "condition 0 <= 1/100 where t = 0",
        "condition 0 >= -1/100 where t = 0",
        "residual <= 1/20",
        "residual >= -1/20",
    )
    assert found.bounded == (
        BoundedOutput("condition 0 where t = 0", 1, 0, mpq(1, 100)),
        BoundedOutput("residual", 0, 2, mpq(1, 20)),
    )
    face, _, whole, below = found.property.cases
    assert whole.lower == below.lower == (0, -1)
    assert whole.upper == below.upper == (mpq(1, 3), 1)
    assert (face.lower, face.upper) == ((0, -1), (0, 1))
    (above,), (under,) = whole.unsafe, below.unsafe
    assert (above.outputs, above.bound, above.strict) == (((0, -1),), mpq(-1, 20), True)
    assert (under.outputs, under.bound, under.strict) == (((0, 1),), mpq(-1, 20), True)


@pytest.mark.parametrize("t", [mpq(0), mpq(1, 3), mpq(-7, 5)])
@pytest.mark.parametrize("x", [mpq(0), mpq(1), mpq(2, 7)])
def test_the_graph_has_the_values_of_the_expressions(tmp_path: Path, t: mpq, x: mpq) -> None:
    found = load_statement(write(tmp_path, GOOD), cubic(), "")
    u, v = (t + 2 * x) ** 3 + 1, (t - x) ** 3
    residual = 3 * (t + 2 * x) ** 2 - mpq(1, 10) * 24 * (t + 2 * x) - 6 * (t - x) * v - x * x
    assert at(found, t, x) == [residual, u - 3 * x]


def test_derivatives_of_any_order_of_letters(tmp_path: Path) -> None:
    for other in ("v_tx", "v_xt"):
        text = GOOD.replace("v_xt", other)
        found = load_statement(write(tmp_path, text), cubic(), "")
        assert at(found, mpq(1), mpq(2))[0] == mpq(75) - 12 - 6 - 4


def test_decimals_are_exact(tmp_path: Path) -> None:
    text = GOOD.replace('"u = 3*x"', '"3.14159265358979*x + 1e-20 - 0.3"')
    found = load_statement(write(tmp_path, text), cubic(), "")
    wanted = mpq(314159265358979, 10**14) + mpq(1, 10**20) - mpq(3, 10)
    assert at(found, mpq(0), mpq(1))[1] == wanted


def test_equal_expressions_are_outputs_of_their_own(tmp_path: Path) -> None:
    text = GOOD + GOOD[GOOD.index("[[conditions]]") :].replace("t = 0", "t = 0.25")
    found = load_statement(write(tmp_path, text), cubic(), "")
    assert found.graph.outputs == ("residual", "condition 0", "condition 1")
    values = at(found, mpq(1, 4), mpq(1))
    assert values[1] == values[2]


def test_a_network_with_kinks_is_refused_where_it_is_differentiated(tmp_path: Path) -> None:
    layers = random_layers((2, 3, 2), seed=1, kind="integer")
    graph = load_model(sequential(tmp_path / "m.onnx", layers))
    with pytest.raises(InputError, match="relu is not differentiated: it has kinks") as caught:
        load_statement(write(tmp_path, GOOD), graph, "")
    assert caught.value.place == "residual"
    plain = GOOD.replace("u_t - 0.1*u_xx + v_xt*v", "u")
    assert load_statement(write(tmp_path, plain), graph, "").graph.outputs[0] == "residual"


RESIDUAL = 'residual = "u_t - 0.1*u_xx + v_xt*v = x^2"'
REFUSALS = {
    'coordinates = ["t"]': (
        'coordinates = ["t", "x"]',
        "coordinates",
        "1 names for a network of 2",
    ),
    'coordinates = ["t", "t"]': ('coordinates = ["t", "x"]', "coordinates[1]", "else already"),
    'coordinates = ["t", "sin"]': ('coordinates = ["t", "x"]', "coordinates[1]", "else already"),
    'coordinates = ["x_t", "x"]': ('coordinates = ["t", "x"]', "coordinates[0]", "a name is"),
    'coordinates = ["x", "xx"]': ('coordinates = ["t", "x"]', "coordinates", "two derivatives"),
    'unknowns = ["u", "x"]': ('unknowns = ["u", "v"]', "unknowns", "a coordinate already"),
    'unknowns = ["u"]': ('unknowns = ["u", "v"]', "unknowns", "a network of 2 outputs"),
    'residual = "w_t"': (RESIDUAL, "residual", "character 1: 'w_t' where"),
    'residual = "u_y"': (RESIDUAL, "residual", "character 1: 'u_y' where"),
    'residual = "u_xxx"': (RESIDUAL, "residual", "u_xxx is of order 3; at most 2 is supported"),
    'residual = "u_txtx"': (RESIDUAL, "residual", "u_txtx is of order 4; at most 2 is supported"),
    'residual = "bessel(x)"': (RESIDUAL, "residual", "'bessel' where"),
    'residual = "atan(x)"': (RESIDUAL, "residual", "no operator of the catalogue means atan"),
    'residual = "u +"': (RESIDUAL, "residual", "character 4"),
    'residual = "u^9"': (RESIDUAL, "residual", "a power from 1 to 8"),
    'residual = "(((u^8)^8)^8)^8"': (RESIDUAL, "residual", "more than 64 factors"),
    'residual = "' + "(" * 60 + "u" + ")" * 60 + '"': (
        RESIDUAL,
        "residual",
        "no more than 40 levels",
    ),
    'residual = "' + "u+" * 1500 + 'u"': (RESIDUAL, "residual", "3001 characters"),
    'residual = "u/x"': (RESIDUAL, "residual", "a divisor may be 0 on the domain"),
    'residual = "u/(x - 1)"': (RESIDUAL, "residual", "a divisor may be 0 on the domain"),
    'residual = "u/(u - u + 1)"': (RESIDUAL, "residual", "a divisor may be 0: the value"),
    'residual = "log(x)"': (RESIDUAL, "residual", "it may have no value on the domain"),
    'residual = "sqrt(u)"': (RESIDUAL, "residual", "the value of the network is not known"),
    'residual = "1e60*u"': (RESIDUAL, "residual", "is not a binary32 value"),
    "residual = 3": (RESIDUAL, "residual", "a number where a string"),
    "bound = -0.05": ("bound = 0.05", "bound", "is not negative"),
    "bound = inf": ("bound = 0.05", "bound", "an infinite number"),
    'bound = "1e-9/2"': ("bound = 0.05", "bound", "is not a number"),
    "t = [0]": ('t = [0, "1/3"]', "domain.t", "expected two numbers"),
    "t = [1, 0]": ('t = [0, "1/3"]', "domain.t", "the lesser first"),
    "y = [0, 1]": ('t = [0, "1/3"]', "domain.y", "unknown key"),
    "t = [0, nan]": ('t = [0, "1/3"]', "domain.t[1]", "'nan' is not a number"),
    "": ("x = [-1, 1]", "domain", "the key 'x' is missing"),
    "where = { t = 2 }": ("where = { t = 0 }", "conditions[0].where.t", "outside of the domain"),
    "where = { y = 0 }": ("where = { t = 0 }", "conditions[0].where.y", "unknown key"),
    "where = { }": ("where = { t = 0 }", "conditions[0].where", "which coordinate is fixed"),
    "where = 0": ("where = { t = 0 }", "conditions[0].where", "where an object was expected"),
    'expression = "w"': ('expression = "u = 3*x"', "conditions[0].expression", "'w' where"),
    'expression = "u/t"': ('expression = "u = 3*x"', "conditions[0].expression", "a divisor may"),
    'expression = "u/(t - 0.25)"': (  # which is -1/4 on the face
        'expression = "u = 3*x"',
        "conditions[0].expression",
        "a divisor may be 0 on the domain",
    ),
    'expression = "log(0.25 - t)"': (
        'expression = "u = 3*x"',
        "conditions[0].expression",
        "it may have no value on the domain",
    ),
    "bound = 0.01\nweight = 3": ("bound = 0.01", "conditions[0].weight", "unknown key"),
}


@pytest.mark.parametrize("new", REFUSALS, ids=lambda text: text[:40])
def test_what_is_wrong_is_refused_by_its_place(tmp_path: Path, new: str) -> None:
    old, place, message = REFUSALS[new]
    assert GOOD.count(old) == 1
    path = write(tmp_path, GOOD.replace(old, new))
    with pytest.raises(InputError) as caught:
        load_statement(path, cubic(), "")
    assert (caught.value.file, caught.value.place) == (str(path), place)
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("inputs", "outputs", "place"), [(9, 1, "coordinates"), (1, 17, "unknowns")]
)
def test_too_many_names_are_refused(tmp_path: Path, inputs: int, outputs: int, place: str) -> None:
    layers = random_layers((inputs, outputs), seed=1, kind="integer")
    graph = load_model(sequential(tmp_path / "m.onnx", layers))
    names = {"coordinates": inputs, "unknowns": outputs}
    text = GOOD
    for (key, count), old in zip(names.items(), ('["t", "x"]', '["u", "v"]'), strict=True):
        made = [f"{key[0]}{number}" for number in range(count)]
        text = text.replace(f"{key} = {old}", f"{key} = {made}")
    with pytest.raises(InputError, match="at most") as caught:
        load_statement(write(tmp_path, text), graph, "")
    assert caught.value.place == place


def test_divisors_that_keep_away_from_zero(tmp_path: Path) -> None:
    """Seen in pieces: over the whole domain x - x² is from -2 to 2, and never beyond 1/4."""
    text = GOOD.replace(RESIDUAL, 'residual = "u/(1 - x + x^2) + log(2 - x*x)"')
    assert load_statement(write(tmp_path, text), cubic(), "").cases


def test_damaged_files_are_read_or_refused(tmp_path: Path) -> None:
    """One or two characters replaced, put in or left out, anywhere after the format."""
    source = np.random.default_rng(4)
    alphabet = list("utxv_^*/+-=()[]{}.0123456789 #e")
    read, graph, start = 0, cubic(), GOOD.index("residual =")
    for _ in range(300):
        text = list(GOOD)
        for _ in range(source.integers(1, 3)):
            place = int(source.integers(start, len(text)))
            text[place : place + int(source.integers(0, 2))] = str(source.choice(alphabet))
        try:
            found = load_statement(write(tmp_path, "".join(text)), graph, "")
        except InputError:
            continue
        check_fits(prepare(joined(found.graph)), found.property, "")
        read += 1
    assert 10 < read < 290
