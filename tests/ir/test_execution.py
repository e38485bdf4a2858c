"""Whole graphs in the kernel: beside numpy's arithmetic in the same order, and in other orders."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import prod
from pathlib import Path

import numpy as np
import pytest
from builders import random_layers, residual, sequential
from gmpy2 import mpq
from hypothesis import given, settings
from hypothesis import strategies as st
from plan_cases import CASES, Case, naive

from refsem.exact import ExactTensor
from refsem.fuzz.confirmation import Measured
from refsem.fuzz.graphs import exactly, executions
from refsem.fuzz.kernel_order import kernel_tree
from refsem.fuzz.measure import measure
from refsem.ir import Graph, load_model
from refsem.ir.evaluation import evaluate_graph, prepare
from refsem.ir.execution import (
    Execution,
    ExecutionError,
    Extrema,
    contractions,
    execute,
    in_order,
)
from refsem.ir.graph import Node, make_node
from refsem.ir.operators import CATALOGUE, Attribute, Op
from refsem.kernel import compilation, reductions
from refsem.kernel.orders import (
    Products,
    Start,
    blocked,
    delivered_in,
    explicit,
    interleaved,
    left_to_right,
    pairwise,
)
from refsem.kernel.trees import Tree
from refsem.rounding import BFLOAT16, BINARY32, BINARY64, RISCV, X86, Mode, round_to_binary32

Array = np.ndarray
DIGITS = Path(__file__).parents[2] / "examples" / "digits" / "digits.onnx"


def chain(terms: int) -> Tree:
    return left_to_right(terms, BINARY32, Start.ZERO, Products.ROUNDED)


ORDERS: dict[str, Callable[[int], Tree]] = {
    "left to right": chain,
    "blocks of four": lambda n: blocked(n, 4, BINARY32, Start.FIRST_TERM, Products.ROUNDED),
    "two lanes": lambda n: interleaved(n, 2, BINARY32, Start.FIRST_TERM, Products.ROUNDED),
    "pairwise": lambda n: pairwise(n, 2, 1, BINARY32, Start.ZERO),
    "fused": lambda n: left_to_right(n, BINARY32, Start.ZERO, Products.FUSED),
    "in binary64": lambda n: delivered_in(
        left_to_right(n, BINARY64, Start.ZERO, Products.ROUNDED), BINARY32
    ),
    "in bfloat16": lambda n: delivered_in(
        left_to_right(n, BFLOAT16, Start.ZERO, Products.ROUNDED), BINARY32
    ),
}


def execution(graph: Graph, order: Callable[[int], Tree], mode: Mode = Mode.RNE) -> Execution:
    return Execution(mode, RISCV, Extrema.PROPAGATING, in_order(graph, order))


def outputs(graph: Graph, how: Execution, inputs: Mapping[str, Array]) -> Array:
    bits = execute(graph, how, {name: x.view(np.uint32) for name, x in inputs.items()}).bits
    (name,) = graph.outputs
    return bits[name]


def in_numpy(graph: Graph, inputs: Mapping[str, Array], dot: Callable[..., Array]) -> Array:
    """The graph in the host's float32; `dot` multiplies a row with the columns of a matrix."""
    values = dict(inputs)
    for node in graph.nodes:
        x = [values[name] for name in node.operands]
        match node.op:
            case Op.CONSTANT:
                values[node.name] = graph.constants[node.name].view(np.float32)
            case Op.ADD | Op.SUB | Op.MUL:
                ufunc = {Op.ADD: np.add, Op.SUB: np.subtract, Op.MUL: np.multiply}[node.op]
                values[node.name] = ufunc(x[0], x[1])
            case Op.MATMUL:
                values[node.name] = dot(x[0], x[1])
            case Op.GEMM:
                right = x[1].T if node.attribute("transB") else x[1]
                assert (node.attribute("alpha"), node.attribute("beta")) == (1, 1)
                values[node.name] = dot(x[0], right) + x[2]
            case Op.RELU:
                values[node.name] = np.maximum(x[0], np.float32(0))
            case Op.RESHAPE:
                values[node.name] = x[0].reshape(node.shape)
            case _:
                assert node.op is Op.INPUT, node.op
    return values[graph.outputs[0]].view(np.uint32)


def sequential_dot(row: Array, matrix: Array) -> Array:
    total = np.zeros((1, matrix.shape[1]), np.float32)
    for k in range(matrix.shape[0]):
        total = total + row[:, k : k + 1] * matrix[k]
    return total


def numpy_dots(row: Array, matrix: Array) -> Array:
    columns = [np.ascontiguousarray(column) for column in matrix.T]
    return np.array([[np.dot(row[0], column) for column in columns]], np.float32)


def points(graph: Graph, count: int) -> list[dict[str, Array]]:
    source = np.random.default_rng(count)
    (name,) = graph.inputs
    shape = graph.node(name).shape
    scale = 16 if name == "pixels" else 1
    return [{name: (scale * source.random(shape)).astype(np.float32)} for _ in range(count)]


@pytest.fixture(scope="module")
def digits() -> Graph:
    return load_model(DIGITS)


def acas(data: Path, number: int) -> Graph:
    return load_model(data / f"networks/acasxu/ACASXU_run2a_1_{number}_batch_2000.onnx")


def measured_tree(terms: int) -> Tree:
    found: Measured = measure(np.dot, terms, 4, products=True)
    tree = kernel_tree(found.order)
    assert found.confirmed
    assert isinstance(tree, Tree)
    return tree


def check_beside_numpy(graph: Graph, count: int) -> None:
    """numpy in its own order, measured, and in the order of a loop, bit for bit."""
    measured = {terms: measured_tree(terms) for terms in set(contractions(graph).values())}
    for point in points(graph, count):
        looped = outputs(graph, execution(graph, chain), point)
        assert (looped == in_numpy(graph, point, sequential_dot)).all()
        dotted = outputs(graph, execution(graph, measured.__getitem__), point)
        assert (dotted == in_numpy(graph, point, numpy_dots)).all()


def test_the_digits_network_is_executed_as_numpy_does(digits: Graph) -> None:
    check_beside_numpy(digits, 8)


@pytest.mark.parametrize("number", [1, 2])
def test_acas_networks_are_executed_as_numpy_does(data: Path, number: int) -> None:
    check_beside_numpy(acas(data, number), 5)


def check_orders(graph: Graph, count: int) -> None:
    """Orders in binary32 or wider stay in the enclosure; all differ in some tensor."""
    found: dict[str, list[object]] = {name: [] for name in ORDERS}
    (output,) = graph.outputs
    for point in points(graph, count):
        given = {key: x.view(np.uint32) for key, x in point.items()}
        between = executions(graph, given)[output]
        for name, order in ORDERS.items():
            bits = execute(graph, execution(graph, order), given).bits
            found[name].append([tensor.tolist() for tensor in bits.values()])
            values = exactly(bits[output]).lower
            inside = (between.lower <= values) & (values <= between.upper)
            assert inside.all() == (name != "in bfloat16"), name
    assert len({str(bits) for bits in found.values()}) == len(ORDERS)


def test_every_order_differs_somewhere_on_the_digits_network(digits: Graph) -> None:
    check_orders(digits, 3)


def test_every_order_differs_somewhere_on_an_acas_network(data: Path) -> None:
    check_orders(acas(data, 1), 2)


@pytest.mark.skipif(not compilation.available(), reason="numba is not installed")
def test_the_same_bits_compiled_or_not(digits: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reductions, "WORTH_COMPILING", 0)
    (point,) = points(digits, 1)
    bits = {name: x.view(np.uint32) for name, x in point.items()}
    for order in (chain, ORDERS["in bfloat16"]):
        how = execution(digits, order, Mode.RTP)
        first, again = execute(digits, how, bits), execute(digits, how, bits)
        with monkeypatch.context() as patch:
            patch.setattr(compilation, "available", lambda: False)
            plain = execute(digits, how, bits)
        for other in (again, plain):
            assert first.flags == other.flags
            assert all((first.bits[name] == other.bits[name]).all() for name in first.bits)


def test_directed_modes_enclose(digits: Graph) -> None:
    down, near, up = (
        outputs(digits, execution(digits, chain, mode), point).view(np.float32)
        for mode in (Mode.RTN, Mode.RNE, Mode.RTP)
        for point in points(digits, 1)
    )
    assert (down != up).any()
    assert ((near != down) | (near != up)).any()


def test_whole_numbers_are_exact_in_every_order(tmp_path: Path) -> None:
    layers = random_layers((4, 4, 4, 3), seed=5, kind="integer")
    models = [
        sequential(tmp_path / "gemm.onnx", layers),
        sequential(tmp_path / "matmul.onnx", layers, affine="MatMul"),
        residual(tmp_path / "residual.onnx", *layers),
    ]
    x = np.array([[1, -2, 3, 2]], np.float32)
    for graph in map(load_model, models):
        exact = evaluate_graph(prepare(graph), {"x": ExactTensor.from_binary32(x.view(np.uint32))})
        for name, order in ORDERS.items():
            if name != "in bfloat16":
                bits = execute(graph, execution(graph, order), {"x": x.view(np.uint32)}).bits
                for tensor, value in exact.items():
                    assert value.rationals() == exactly(bits[tensor]).lower.reshape(-1).tolist()


def one_node(
    op: Op, shapes: tuple[tuple[int, ...], ...], attributes: Mapping[str, Attribute]
) -> tuple[Graph, Node]:
    operands = tuple(
        make_node(f"in_{place}", Op.INPUT, (), {"shape": shape})
        for place, shape in enumerate(shapes)
    )
    node = make_node("out", op, operands, attributes)
    names = tuple(operand.name for operand in operands)
    return Graph((*operands, node), {}, names, ("out",)), node


def run_one(
    op: Op,
    operands: tuple[Array, ...],
    attributes: Mapping[str, Attribute],
    orders: Mapping[str, Tree],
    extrema: Extrema = Extrema.PROPAGATING,
) -> tuple[Array, int]:
    shapes = tuple(operand.shape for operand in operands)
    graph, _ = one_node(op, shapes, attributes)
    inputs = {f"in_{place}": x.view(np.uint32) for place, x in enumerate(operands)}
    done = execute(graph, Execution(Mode.RNE, X86, extrema, orders), inputs)
    return done.bits["out"].view(np.float32), done.flags["out"]


SHAPES = [
    ((2, 3), (3, 4)),
    ((3,), (3, 4)),
    ((2, 3), (3,)),
    ((5, 2, 3), (3, 4)),
    ((2, 3), (5, 3, 4)),
    ((2, 0), (0, 4)),
]


@pytest.mark.parametrize("shapes", SHAPES)
def test_products_of_every_shape(shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    source = np.random.default_rng(3)
    left, right = (source.integers(-9, 10, shape).astype(np.float32) for shape in shapes)
    found, flags = run_one(Op.MATMUL, (left, right), {}, {"out": chain(shapes[0][-1])})
    assert (found == left @ right).all()
    assert found.shape == (left @ right).shape
    assert flags == 0


@pytest.mark.parametrize("turned", [(0, 0), (1, 0), (0, 1), (1, 1)])
def test_gemm_scales_turns_and_adds(turned: tuple[int, int]) -> None:
    source = np.random.default_rng(4)
    left, right, addend = (
        source.standard_normal(shape).astype(np.float32) for shape in ((3, 4), (4, 2), (2,))
    )
    attributes = {"alpha": mpq(3, 2), "beta": mpq(5), "transA": turned[0], "transB": turned[1]}
    operands = left.T if turned[0] else left, right.T if turned[1] else right, addend
    found, flags = run_one(
        Op.GEMM, tuple(map(np.ascontiguousarray, operands)), attributes, {"out": chain(4)}
    )
    total = np.zeros((3, 2), np.float32)
    for k in range(4):
        total = total + left[:, k : k + 1] * right[k]
    assert (found == np.float32(1.5) * total + np.float32(5) * addend).all()
    assert flags == 1


def test_an_addend_may_be_a_term() -> None:
    """2^24 − 2^24 and the addend 1, which is lost where it meets 2^24 first."""
    operands = (
        np.array([[2**24, -(2**24)]], np.float32),
        np.ones((2, 1), np.float32),
        np.array([[1]], np.float32),
    )
    plain: dict[str, Attribute] = {"alpha": mpq(1), "beta": mpq(1), "transA": 0, "transB": 0}
    for order, expected in ((((2, 0), 1), (0, 1)), (((0, 1), 2), (1, 0)), ((0, 1), (1, 0))):
        tree = explicit(order, BINARY32)
        found, flags = run_one(Op.GEMM, operands, plain, {"out": tree})
        assert (found[0, 0], flags) == expected
    with pytest.raises(ExecutionError, match="an addend among the terms is not scaled"):
        run_one(Op.GEMM, operands, {**plain, "beta": mpq(2)}, {"out": chain(3)})


WHOLE = [order for name, order in ORDERS.items() if name != "in bfloat16"]


@pytest.mark.parametrize("op", CASES, ids=lambda op: op.value)
def test_every_operator_with_a_plan_is_exact_on_whole_numbers(op: Op) -> None:
    @settings(max_examples=40)
    @given(CASES[op], st.data())
    def agrees(case: Case, data: st.DataObject) -> None:
        values = [
            np.array(
                data.draw(st.lists(st.integers(-9, 9), min_size=prod(shape), max_size=prod(shape))),
                dtype=object,
            ).reshape(shape)
            for shape in case.shapes
        ]
        expected = naive(case, values)
        graph, _ = one_node(op, case.shapes, case.attributes)
        (terms,) = contractions(graph).values() or (0,)
        usable = [order for order in WHOLE if terms > 2 or order is chain]
        orders = in_order(graph, data.draw(st.sampled_from(usable)))
        if op in (Op.REDUCE_SUM, Op.REDUCE_MEAN, Op.AVERAGE_POOL):
            orders = in_order(graph, chain)
        operands = tuple(value.astype(np.float32) for value in values)
        found, _ = run_one(op, operands, case.attributes, orders)
        rounded = [round_to_binary32(Mode.RNE, mpq(value), 0) for value in expected.reshape(-1)]
        got = [
            0 if bits == 1 << 31 else bits for bits in found.reshape(-1).view(np.uint32).tolist()
        ]
        assert found.shape == expected.shape
        assert got == rounded

    agrees()


def test_a_convolution_sums_in_the_stated_order() -> None:
    """2^24, 1, 1 under ones: lost one by one, or kept together."""
    x = np.array([[[2**24, 1, 1]]], np.float32)
    w = np.ones((1, 1, 3), np.float32)
    attributes: dict[str, Attribute] = {
        "groups": 1,
        "strides": (1,),
        "dilations": (1,),
        "pads": (0, 0),
        "layout": "NCHW",
    }
    row = next(row for row in CATALOGUE if row.op is Op.CONV)
    attributes = {name: attributes[name] for name in row.attributes}
    for order, expected in ((((0, 1), 2), 2**24), ((0, (1, 2)), 2**24 + 2)):
        found, flags = run_one(Op.CONV, (x, w), attributes, {"out": explicit(order, BINARY32)})
        assert (found.reshape(-1).tolist(), flags) == ([expected], int(expected == 2**24))


def test_a_relu_says_what_becomes_of_nans_and_zeros() -> None:
    x = np.array([0x7FC00001, 0x7F800001, 0x80000000, 0xBF800000, 0x3F800000], np.uint32)
    expected = {
        Extrema.PROPAGATING: [0x7FC00001, 0x7FC00001, 0, 0, 0x3F800000],
        Extrema.NUMBER: [0, 0, 0, 0, 0x3F800000],
        Extrema.COMPARED: [0, 0, 0, 0, 0x3F800000],
    }
    for extrema, bits in expected.items():
        found, flags = run_one(Op.RELU, (x.view(np.float32),), {}, {}, extrema)
        assert found.view(np.uint32).tolist() == bits
        assert flags == 16
    zeros = np.array([0, -0.0], np.float32), np.array([-0.0, 0], np.float32)
    for extrema, bits in ((Extrema.PROPAGATING, [0, 0]), (Extrema.COMPARED, [1 << 31, 0])):
        found, _ = run_one(Op.MAX, zeros, {}, {}, extrema)
        assert found.view(np.uint32).tolist() == bits
    found, _ = run_one(Op.MIN, zeros, {}, {}, Extrema.COMPARED)
    assert found.view(np.uint32).tolist() == [1 << 31, 0]


F32 = np.float32
IN_NUMPY: dict[Op, Callable[..., Array]] = {
    Op.ADD: np.add,
    Op.SUB: np.subtract,
    Op.MUL: np.multiply,
    Op.DIV: np.divide,
    Op.NEG: np.negative,
    Op.ABS: np.abs,
    Op.MAX: np.maximum,
    Op.MIN: np.minimum,
    Op.RELU: lambda x: np.maximum(x, F32(0)),
    Op.CLIP: lambda x: np.minimum(np.maximum(x, F32(-0.5)), F32(0.25)),
    Op.LEAKY_RELU: lambda x: np.where(x >= 0, x, F32(0.125) * x),
    Op.PRELU: lambda x, y: np.where(x >= 0, x, y * x),
    Op.HARD_SIGMOID: lambda x: np.minimum(np.maximum(F32(0.125) * x + F32(0.5), F32(0)), F32(1)),
    Op.SQUARE: lambda x: x * x,
    Op.CUBE: lambda x: x * x * x,
    Op.POWER5: lambda x: (x * x) * (x * x) * x,
}
ATTRIBUTES: dict[Op, dict[str, Attribute]] = {
    Op.CLIP: {"low": mpq(-1, 2), "high": mpq(1, 4)},
    Op.LEAKY_RELU: {"alpha": mpq(1, 8)},
    Op.HARD_SIGMOID: {"alpha": mpq(1, 8), "beta": mpq(1, 2)},
}


@pytest.mark.parametrize("op", IN_NUMPY, ids=lambda op: op.value)
def test_elementwise_operators_round_as_their_terms_are_written(op: Op) -> None:
    row = next(row for row in CATALOGUE if row.op is op)
    source = np.random.default_rng(6)
    shapes = ((4, 50), (50,))[: row.arity]
    operands = tuple(source.standard_normal(shape).astype(np.float32) for shape in shapes)
    found, flags = run_one(op, operands, ATTRIBUTES.get(op, {}), {})
    expected = IN_NUMPY[op](*operands)
    assert (found.view(np.uint32) == expected.view(np.uint32)).all()
    assert flags & ~1 == 0


@pytest.mark.parametrize(
    ("op", "step"),
    [(Op.FLOOR, np.floor), (Op.CEIL, np.ceil), (Op.ROUND, np.rint), (Op.TRUNC, np.trunc)],
    ids=str,
)
def test_steps_round_in_their_direction_and_raise_no_flag(op: Op, step: np.ufunc) -> None:
    patterns = [n << 21 | low for n in range(2**10) for low in (0, 1)]
    bits = np.array([*patterns, *(p | 1 << 31 for p in patterns)], np.uint32)
    x = bits.view(np.float32)
    x = np.concatenate([x[np.isfinite(x)], np.arange(-20, 21, dtype=np.float32) / 2])
    found, flags = run_one(op, (x,), {}, {})
    assert (found.view(np.uint32) == step(x).view(np.uint32)).all()
    assert flags == 0


def test_every_elementwise_operator_is_executed() -> None:
    x = np.array([1.5], np.float32)
    refused: dict[Op, str] = {}
    for row in CATALOGUE:
        if row.meaning is not None:
            attributes = dict.fromkeys(row.attributes, mpq(1, 2))
            try:
                run_one(row.op, (x,) * row.arity, attributes, {})
            except ExecutionError as error:
                refused[row.op] = error.message
    inexact, softplus = "{} is not a binary32 value", "softplus has no binary32 operation"
    assert refused == {
        Op.SOFTPLUS: softplus,
        Op.MISH: softplus,
        Op.HARD_SWISH: inexact.format("1/6"),
        Op.GELU_TANH: inexact.format("8943/200000"),
    }


def test_what_does_not_fit_is_refused(digits: Graph) -> None:
    how = execution(digits, chain)
    pixels = np.zeros((1, 8, 8), np.uint32)
    given = {"pixels": pixels}
    with pytest.raises(ExecutionError, match="'pixels': no input is given"):
        execute(digits, how, {})
    for wrong in (pixels.reshape(8, 8), pixels.view(np.float32)):
        with pytest.raises(ExecutionError, match=r"uint32 \[1, 8, 8\] expected"):
            execute(digits, how, {"pixels": wrong})
    orders = dict(how.orders)
    changed = {
        "'logits': no order is stated": {k: v for k, v in orders.items() if k != "logits"},
        "'relu_1': has no sums to order": orders | {"relu_1": chain(32)},
        "'logits': an order of 34 terms for 32 products": orders | {"logits": chain(34)},
        "'logits': the order ends in": orders
        | {"logits": left_to_right(32, BINARY64, Start.ZERO, Products.ROUNDED)},
    }
    for message, wrong_orders in changed.items():
        with pytest.raises(ExecutionError, match=message):
            execute(digits, replace(how, orders=wrong_orders), given)
    with pytest.raises(ExecutionError, match="'out': 1/3 is not a binary32 value"):
        run_one(Op.LEAKY_RELU, (np.ones(1, np.float32),), {"alpha": mpq(1, 3)}, {})
