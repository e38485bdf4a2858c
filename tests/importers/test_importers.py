"""Importers without their verifiers: what is recorded, what is matched, what is refused."""

import json
import math
import sys
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from hashlib import sha256
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from gmpy2 import mpq

from refsem.certificates.bounds_file import read_bounds
from refsem.cli import main
from refsem.errors import InputError
from refsem.exact import ExactTensor
from refsem.importers import auto_lirpa, marabou
from refsem.importers.record import Run, Task, bounds_text, read_task
from refsem.importers.torch_network import _CALLS, torch_network
from refsem.ir.evaluation import evaluate_graph, irrational_tensor, prepare
from refsem.ir.graph import Graph, make_node
from refsem.ir.operators import Op

DIGITS = Path(__file__).parents[2] / "examples" / "digits"
MODEL = DIGITS / "digits.onnx"
WANTED = DIGITS / "robust.vnnlib"


def task(floats: str = "float32") -> Task:
    return read_task(MODEL, WANTED, floats)


def floats_of(*values: float) -> Any:  # noqa: ANN401  an array
    return np.array(values, np.float64)


# the box and the file


def test_the_box_is_the_nearest_floats_to_the_decimals() -> None:
    single, double = task(), task("float64")
    # pixel 14 of the property begins at 0.3, which neither format has
    assert float(np.float32(0.3)) == single.lower[14] != double.lower[14] == 0.3
    assert mpq(single.lower[14]) > mpq(3, 10) > mpq(double.lower[14])
    assert (single.lower <= single.upper).all()


def test_boxes_of_several_cases_are_put_into_one(tmp_path: Path) -> None:
    text = "".join(f"(declare-const X_{i} Real)\n" for i in range(64))
    text += "".join(f"(declare-const Y_{i} Real)\n" for i in range(10))
    rest = "".join(f"(assert (>= X_{i} 0))(assert (<= X_{i} 1))\n" for i in range(1, 64))
    parts = "(and (>= X_0 1) (<= X_0 2) (<= Y_0 0)) (and (>= X_0 5) (<= X_0 6) (<= Y_0 0))"
    file = tmp_path / "two.vnnlib"
    file.write_text(f"{text}{rest}(assert (or {parts}))")
    found = read_task(MODEL, file, "float32")
    assert (found.lower[0], found.upper[0]) == (1, 6)


def test_a_property_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "p.vnnlib"
    declared = "(declare-const X_0 Real)(declare-const Y_0 Real)"
    file.write_text(f"{declared}(assert (>= X_0 0))(assert (<= X_0 1))(assert (<= Y_0 0))")
    with pytest.raises(InputError, match="1 inputs; the network has 64"):
        read_task(MODEL, file, "float32")


def test_a_box_beyond_the_format_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "far.vnnlib"
    file.write_text(WANTED.read_text().replace("(<= X_0 0.7)", "(<= X_0 1e39)"))
    assert read_task(MODEL, file, "float64").upper[0] == 1e39
    with pytest.raises(InputError, match="X_0: the box is beyond the range of float32"):
        read_task(MODEL, file, "float32")


@pytest.mark.parametrize("floats", ["float32", "float64"])
def test_what_is_recorded_is_read_again_bit_for_bit(tmp_path: Path, floats: str) -> None:
    given = task(floats)
    low, high = floats_of(*range(10)), floats_of(*range(10)) + 0.5
    low[0], high[9] = -np.inf, np.inf
    text, left_out = bounds_text(given, Run("someone", "crown", {"logits": (low, high)}))
    assert left_out == ()
    (path := tmp_path / "b.json").write_text(text)
    digest = sha256(MODEL.read_bytes()).hexdigest()
    file = read_bounds(path, prepare(given.graph), digest)
    assert (file.producer, file.method) == ("someone", "crown")
    assert file.input.lower == tuple(map(mpq, given.lower))
    assert file.input.upper == tuple(map(mpq, given.upper))
    assert file.tensors["logits"].lower == (None, *map(mpq, low[1:]))
    assert file.tensors["logits"].upper == (*map(mpq, high[:9]), None)


@pytest.mark.parametrize(
    ("low", "high"), [(np.nan, 0), (0, np.nan), (1, 0), (np.inf, np.inf), (-np.inf, -np.inf)]
)
def test_what_no_bounds_file_can_say_is_left_out_and_named(low: float, high: float) -> None:
    wrong = floats_of(*[0] * 9, low), floats_of(*[1] * 9, high)
    right = floats_of(*[0] * 32), floats_of(*[1] * 32)
    run = Run("someone", "ibp", {"logits": wrong, "relu_1": right})
    text, left_out = bounds_text(task(), run)
    assert list(json.loads(text)["tensors"]) == ["relu_1"]
    assert left_out == (f"logits: entry 9 is said to lie in [{float(low)!r}, {float(high)!r}]",)


# auto_LiRPA: a library of arrays stands in for torch


class Tensor:
    """As much of torch's tensor as is used, around an array."""

    def __init__(self, array: Any) -> None:  # noqa: ANN401
        self.array = np.asarray(array)

    def numpy(self) -> Any:  # noqa: ANN401
        return self.array

    def detach(self) -> "Tensor":
        return self

    def cpu(self) -> "Tensor":
        return self

    def to(self, kind: Any) -> "Tensor":  # noqa: ANN401
        return Tensor(self.array.astype(kind))

    def reshape(self, shape: tuple[int, ...]) -> "Tensor":
        return Tensor(self.array.reshape(shape))

    def expand(self, _size: int) -> "Tensor":
        return self

    def dim(self) -> int:
        return self.array.ndim

    @property
    def shape(self) -> tuple[int, ...]:
        return self.array.shape

    @property
    def T(self) -> "Tensor":  # noqa: N802
        return Tensor(self.array.T)


def linear(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return Tensor(x.array @ weight.array.T + bias.array)


TORCH = SimpleNamespace(
    float32=np.float32,
    float64=np.float64,
    from_numpy=Tensor,
    is_tensor=lambda value: isinstance(value, Tensor),
    no_grad=nullcontext,
    mul=lambda x, y: Tensor(x.array * y.array),
    add=lambda x, y: Tensor(x.array + y.array),
    relu=lambda x: Tensor(np.maximum(x.array, 0)),
    nn=SimpleNamespace(functional=SimpleNamespace(linear=linear), Module=object),
)


class Bounded:
    """A bounded module that computes something in its own way and holds bounds of some nodes."""

    final_name = "/last"

    def __init__(self, compute: Callable[[Any], dict[str, Any]], held: dict[str, Any]) -> None:
        self.compute, self.held = compute, held
        self.found: dict[str, Any] = {}

    def __call__(self, point: Tensor) -> None:
        self.found = self.compute(point.array)

    def nodes(self) -> list[Any]:
        names = self.found or self.held
        return [
            SimpleNamespace(
                name=name,
                perturbed=True,
                lower=self.held.get(name, (None, None))[0],
                upper=self.held.get(name, (None, None))[1],
                forward_value=Tensor(self.found.get(name, 0)),
            )
            for name in names
        ]


def digits_otherwise(point: Any) -> dict[str, Any]:  # noqa: ANN401
    """The bundled network computed in float64, under other names."""
    graph = task().graph
    constants = {n: bits.view(np.float32).astype(np.float64) for n, bits in graph.constants.items()}
    known: dict[str, Any] = {graph.inputs[0]: point.astype(np.float64)}
    for node in graph.nodes:
        x = [known[name] if name in known else constants.get(name) for name in node.operands]
        match node.op.value:
            case "mul":
                known[node.name] = x[0] * x[1]
            case "reshape":
                known[node.name] = x[0].reshape(node.shape)
            case "gemm":
                weight = x[1].T if node.attribute("transB") else x[1]
                known[node.name] = x[0] @ weight + x[2]
            case "relu":
                known[node.name] = np.maximum(x[0], 0)
    return {"/last" if name == "logits" else f"/{name}": known[name] for name in known}


def ends(size: int, low: float) -> tuple[Tensor, Tensor]:
    return Tensor(np.full((1, size), low)), Tensor(np.full((1, size), low + 1))


def test_nodes_are_told_by_their_values() -> None:
    held = {"/hidden_1": ends(32, 1), "/relu_1": ends(32, 2), "/last": ends(10, 3)}
    network = torch_network(TORCH, task().graph, "float32")
    bounded = Bounded(digits_otherwise, held)
    found = auto_lirpa.claims(task(), bounded, None, network)
    assert {name: float(low[0]) for name, (low, _) in found.items()} == {
        "hidden_1": 1,
        "relu_1": 2,
        "logits": 3,
    }
    returned = ends(10, 7)
    again = auto_lirpa.claims(task(), Bounded(digits_otherwise, held), returned, network)
    assert float(again["logits"][0][0]) == 7


def test_a_tensor_that_no_node_agrees_with_is_left_out() -> None:
    def other(point: Any) -> dict[str, Any]:  # noqa: ANN401
        found = digits_otherwise(point)
        found["/hidden_1"] = found["/hidden_1"] * 1.001
        return found

    held = {"/hidden_1": ends(32, 1), "/last": ends(10, 3)}
    network = torch_network(TORCH, task().graph, "float32")
    found = auto_lirpa.claims(task(), Bounded(other, held), None, network)
    assert set(found) == {"logits"}


def test_what_could_be_two_tensors_is_left_out() -> None:
    def doubled(point: Any) -> dict[str, Any]:  # noqa: ANN401
        found = digits_otherwise(point)
        return {**found, "/again": found["/hidden_1"]}

    network = torch_network(TORCH, task().graph, "float32")
    held = {"/hidden_1": ends(32, 1), "/again": ends(32, 1), "/last": ends(10, 3)}
    found = auto_lirpa.claims(task(), Bounded(doubled, held), None, network)
    assert set(found) == {"hidden_1", "logits"}
    held["/again"] = ends(32, 2)
    found = auto_lirpa.claims(task(), Bounded(doubled, held), None, network)
    assert set(found) == {"logits"}


def test_a_rectified_tensor_that_is_never_negative_is_in_doubt() -> None:
    source = make_node("x", Op.INPUT, (), {"shape": (1, 64)})
    shift = make_node("c", Op.CONSTANT, (), {"shape": (1, 64)})
    moved = make_node("moved", Op.ADD, (source, shift), {})
    kept = make_node("kept", Op.RELU, (moved,), {})
    bits = np.full((1, 64), 1e9, np.float32).view(np.uint32)
    graph = Graph((source, shift, moved, kept), {"c": bits}, ("x",), ("kept",))
    given = replace(task(), graph=graph)
    network = torch_network(TORCH, graph, "float32")
    bounded = Bounded(lambda x: {"/1": x + np.float32(1e9)}, {"/1": ends(64, 1)})
    assert auto_lirpa.claims(given, bounded, None, network) == {}


def test_a_network_the_module_has_no_calls_for_is_refused() -> None:
    graph = task().graph
    network = torch_network(TORCH, graph, "float32")
    assert [node.name for node, _, _ in network.steps][-1] == graph.outputs[0]
    source = make_node("x", Op.INPUT, (), {"shape": (1, 2)})
    sink = make_node("y", Op.ROUND, (source,), {})
    rounded = Graph((source, sink), {}, ("x",), ("y",))
    with pytest.raises(InputError, match="tensor 'y': round is not imported"):
        torch_network(TORCH, rounded, "float32")


def test_options_of_a_hunt_are_no_options_here() -> None:
    assert auto_lirpa.options_of("IBP,dtype=float64").method == "IBP"
    for text in ("form=power", "concretised=true"):
        with pytest.raises(InputError, match="options of a hunt"):
            auto_lirpa.options_of(text)
    with pytest.raises(InputError, match="no tightening"):
        marabou.strategy_of("lp")


@pytest.mark.skipif(find_spec("auto_LiRPA") is not None, reason="auto_LiRPA is installed")
def test_an_absent_library_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [str(MODEL), str(WANTED), str(tmp_path / "b.json")]
    assert main(["import", "auto_lirpa", *arguments]) == 3
    assert "auto_lirpa: cannot be imported" in capsys.readouterr().err
    assert main(["import", "nobody", *arguments]) == 3
    assert "there are auto_lirpa, marabou" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


# Marabou: a query that is told its bounds


class MarabouNetwork:
    """As much of Marabou's network as is used."""

    def __init__(self) -> None:
        self.ends: dict[int, list[float]] = {}

    def setLowerBound(self, variable: int, value: float) -> None:  # noqa: N802
        self.ends[variable] = [value, np.inf]

    def setUpperBound(self, variable: int, value: float) -> None:  # noqa: N802
        self.ends[variable][1] = value

    def calculateBounds(self, **options: object) -> tuple[str, dict[int, Any], None]:  # noqa: N802
        assert options["options"] == "deeppoly"
        if self.ends[0][0] > 5:
            return "unsat", {}, None
        rest = {64 + index: (float(index), float(index + 1)) for index in range(10)}
        return "", {**{v: tuple(e) for v, e in self.ends.items()}, **rest}, None


class Parser:
    """Variables 0 to 63 are the input's, 64 to 73 the output's."""

    def __init__(self, _network: object, graph: str, inputs: list[str], outputs: list[str]) -> None:
        assert (graph, inputs, outputs) == ("the graph", ["pixels"], ["logits"])
        self.varMap: dict[str, Any] = {}

    def parseGraph(self) -> None:  # noqa: N802
        self.varMap["pixels"] = np.arange(64).reshape(1, 8, 8)
        self.varMap["logits"] = np.arange(64, 74).reshape(1, 10)


@pytest.fixture
def maraboupy(monkeypatch: pytest.MonkeyPatch) -> None:
    onnx = SimpleNamespace(load=lambda _: SimpleNamespace(graph="the graph"))
    reader = SimpleNamespace(onnx=onnx, MarabouNetwork=MarabouNetwork, ONNXParser=Parser)
    main_module = SimpleNamespace(createOptions=lambda **given: given["tighteningStrategy"])
    monkeypatch.setitem(sys.modules, "maraboupy", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "maraboupy.Marabou", main_module)
    monkeypatch.setitem(sys.modules, "maraboupy.MarabouNetworkONNX", reader)
    monkeypatch.setattr("importlib.metadata.version", lambda _: "2")


@pytest.mark.usefixtures("maraboupy")
def test_marabou_names_the_variables_of_tensors(tmp_path: Path) -> None:
    out = tmp_path / "b.json"
    assert main(["import", "marabou", str(MODEL), str(WANTED), str(out)]) == 0
    found = json.loads(out.read_text())
    assert found["producer"] == "Marabou 2, symbolic tightening deeppoly, float64"
    assert found["method"] == "other"
    assert found["tensors"]["logits"]["upper"][0] == "b64:3ff0000000000000"
    assert len(found["input"]["lower"]) == 64


@pytest.mark.usefixtures("maraboupy")
def test_a_box_said_to_have_no_point_is_refused(tmp_path: Path) -> None:
    file, out = tmp_path / "p.vnnlib", tmp_path / "b.json"
    text = WANTED.read_text().replace("(<= X_0 0.7)", "(<= X_0 7)")
    file.write_text(text.replace("(>= X_0 0.0)", "(>= X_0 6.0)"))
    with pytest.raises(InputError, match="the box has no point"):
        marabou.run(read_task(MODEL, file, "float64"), "deeppoly")
    assert not out.exists()


# the real ones, where they are installed


ATTRIBUTES: dict[Op, dict[str, Any]] = {
    Op.RESHAPE: {"shape": (1, 18)},
    Op.TRANSPOSE: {"axes": (0, 3, 1, 2)},
    Op.CONCAT: {"axis": 1},
    Op.LEAKY_RELU: {"alpha": mpq(1, 4)},
    Op.GEMM: {"alpha": mpq(1), "beta": mpq(1), "transA": 0, "transB": 1},
    Op.CONV: {
        "layout": "NCHW",
        "strides": (1, 1),
        "dilations": (1, 1),
        "pads": (1, 0, 1, 0),
        "groups": 1,
    },
    Op.MAX_POOL: {
        "layout": "NCHW",
        "strides": (1, 2),
        "dilations": (1, 1),
        "pads": (0, 0, 0, 0),
        "kernel": (2, 2),
        "ceil": 0,
    },
}
SHAPES = {
    Op.GEMM: [(1, 6), (4, 6), (4,)],
    Op.MATMUL: [(1, 6), (6, 4)],
    Op.CONV: [(1, 2, 3, 3), (4, 2, 2, 2), (4,)],
}
BINARY = {Op.ADD, Op.SUB, Op.MUL, Op.DIV, Op.MAX, Op.MIN, Op.CONCAT}


@pytest.mark.skipif(find_spec("torch") is None, reason="torch is not installed")
@pytest.mark.parametrize("op", list(_CALLS), ids=lambda op: op.value)
def test_each_call_computes_its_operator(op: Op) -> None:
    torch = import_module("torch")
    shapes = SHAPES.get(op, [(1, 2, 3, 3)] * (2 if op in BINARY else 1))
    nodes = [make_node("x", Op.INPUT, (), {"shape": shapes[0]})]
    nodes += [make_node(f"c{i}", Op.CONSTANT, (), {"shape": s}) for i, s in enumerate(shapes[1:])]
    numbers = np.random.default_rng(1)
    constants = {
        node.name: (numbers.integers(1, 16, node.shape) / 4).astype(np.float32).view(np.uint32)
        for node in nodes[1:]
    }
    nodes.append(make_node("y", op, tuple(nodes), ATTRIBUTES.get(op, {})))
    graph = Graph(tuple(nodes), constants, ("x",), ("y",))
    point = numbers.integers(1, 16, shapes[0]) / 4
    point = point - (op in {Op.RELU, Op.LEAKY_RELU, Op.ABS, Op.TANH, Op.MAX}) * 2
    network = torch_network(torch, graph, "float64")
    found = network.module()(torch.from_numpy(point)).numpy().ravel()
    prepared = prepare(graph)
    given = {"x": ExactTensor.from_rationals([mpq(v) for v in point.ravel()], (1, point.size))}
    if not irrational_tensor(prepared):
        exact = [float(v) for v in evaluate_graph(prepared, given)["y"].rationals()]
    else:
        exact = [math_of(op)(v) for v in point.ravel()]
    assert found == pytest.approx(exact, rel=1e-12, abs=1e-12)


def math_of(op: Op) -> Callable[[float], float]:
    if op is Op.SIGMOID:
        return lambda x: 1 / (1 + math.exp(-x))
    return getattr(math, op.value)  # type: ignore[no-any-return]


@pytest.mark.skipif(find_spec("torch") is None, reason="torch is not installed")
def test_a_product_and_its_bias_are_one_layer() -> None:
    torch = import_module("torch")
    source = make_node("x", Op.INPUT, (), {"shape": (1, 2)})
    weight = make_node("w", Op.CONSTANT, (), {"shape": (2, 3)})
    bias = make_node("b", Op.CONSTANT, (), {"shape": (3,)})
    product = make_node("p", Op.MATMUL, (source, weight), {})
    total = make_node("y", Op.ADD, (bias, product), {})
    arrays = {"w": np.arange(6).reshape(2, 3), "b": np.arange(3)}
    bits = {name: array.astype(np.float32).view(np.uint32) for name, array in arrays.items()}
    graph = Graph((source, weight, bias, product, total), bits, ("x",), ("y",))
    found = torch_network(torch, graph, "float32").tensors(torch.tensor([[1.0, 10.0]]))
    assert set(found) == {"x", "y"}
    assert found["y"].tolist() == [[30.0, 42.0, 54.0]]


@pytest.mark.skipif(find_spec("auto_LiRPA") is None, reason="auto_LiRPA is not installed")
@pytest.mark.parametrize(("method", "count"), [("IBP", 7), ("CROWN", 3)])
def test_auto_lirpa_itself(tmp_path: Path, method: str, count: int) -> None:
    out = tmp_path / "b.json"
    arguments = [str(MODEL), str(WANTED), str(out)]
    assert main(["import", f"auto_lirpa:{method}", *arguments]) == 0
    assert len(json.loads(out.read_text())["tensors"]) == count
    assert main(["audit", *arguments[:2], "--bounds", str(out)]) == 1


@pytest.mark.skipif(
    find_spec("maraboupy") is None or find_spec("onnxruntime") is None,
    reason="maraboupy is not installed",
)
def test_marabou_itself(tmp_path: Path) -> None:
    out = tmp_path / "b.json"
    assert main(["import", "marabou", str(MODEL), str(WANTED), str(out)]) == 0
    assert len(json.loads(out.read_text())["tensors"]) == 7


@pytest.mark.parametrize("name", ["auto_lirpa.json", "marabou.json"])
def test_recorded_runs_are_judged_unsound(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", str(MODEL), str(WANTED), "--bounds", str(DIGITS / name), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)["bounds"]
    assert not found["input_contains_box"]
    assert found["refuted"] > 0
