"""What programs may do, and what they are told when they do something else."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from drawn_programs import weighted
from gmpy2 import mpq

from refsem import nn
from refsem.cli import main
from refsem.errors import InputError
from refsem.ir import load_model
from refsem.ir.execution import Extrema
from refsem.ir.graph_file import graph_object
from refsem.ir.operators import Op
from refsem.kernel.orders import Products, Start, left_to_right
from refsem.kernel.trees import Tree
from refsem.nn import functions
from refsem.nn.errors import (
    ContextError,
    DataFlowError,
    NumberError,
    OperandError,
    ParameterError,
    ValueUnknownError,
)
from refsem.nn.state import State
from refsem.nn.tensor import Tensor
from refsem.rounding import BINARY32, RISCV, Mode

EXACT = nn.Exact(80, "1e-12")


def in_order(terms: int) -> Tree:
    return left_to_right(terms, BINARY32, Start.ZERO, Products.ROUNDED)


EXECUTED = nn.Executed(Mode.RNE, RISCV, Extrema.PROPAGATING, in_order, {})
ARITHMETICS = (EXACT, nn.Interval(40), EXECUTED)


def x() -> Tensor:
    return nn.tensor([[1, 2], [3, 4]], EXACT)


# numbers


FLOATS: dict[str, Callable[[Tensor], object]] = {
    "left": lambda t: 0.5 + t,
    "right": lambda t: t * 0.5,
    "divided": lambda t: 1.0 / t,
    "numpy": lambda t: t - np.float64(1),
    "numpy on the left": lambda t: np.float32(1) * t,
    "array": lambda t: np.ones(2) + t,
    "float32 array": lambda t: t + np.ones(2, np.float32),
    "in a list": lambda _t: nn.tensor([[1, 0.5]], EXACT),
    "attribute": lambda t: functions.leaky_relu(t, 0.01),
    "bound": lambda t: functions.clip(t, -1, 0.5),
    "not a number": lambda t: t + float("nan"),
    "truth": lambda t: t + True,
    "none": lambda t: t + None,
}


@pytest.mark.parametrize("name", FLOATS)
def test_floats_are_refused_with_what_to_write(name: str) -> None:
    with pytest.raises(
        NumberError, match="write an int, a Fraction, a decimal string, or the bits"
    ):
        FLOATS[name](x())
    with pytest.raises(NumberError):
        nn.compile(FLOATS[name], (2, 2))


def test_exact_numbers_are_taken() -> None:
    half = np.array([0.5], np.float32).view(np.uint32)
    for number in (Fraction(1, 2), "0.5", "1/2", "0x1p-1", "b32:3f000000", mpq(1, 2), half):
        assert nn.rationals(x() * number) == [mpq(n, 2) for n in (1, 2, 3, 4)]
    assert nn.rationals(1 - x() / 2) == [mpq(1, 2), 0, mpq(-1, 2), -1]
    assert nn.rationals(nn.tensor([["0.1"], ["1/3"]], EXACT)) == [mpq(1, 10), mpq(1, 3)]
    assert nn.rationals(12 / x()) == [12, 6, 4, 3]


def test_constants_of_programs_are_binary32_values() -> None:
    """In every arithmetic, since a graph has no others; the nearest one is named."""
    for arithmetic in ARITHMETICS:
        with pytest.raises(NumberError, match=r"0.1 is not a binary32 value: .* 'b32:3dcccccd'"):
            nn.tensor([1], arithmetic) + "0.1"
        with pytest.raises(NumberError, match="not finite"):
            nn.tensor([1], arithmetic) + "b32:7f800000"
    with pytest.raises(NumberError, match="beyond the range"):
        x() * 10**39
    with pytest.raises(NumberError, match=r"0.1 is not a binary32 value"):
        nn.tensor("0.1", EXECUTED)
    assert nn.rounded("0.1", Mode.RNE) == mpq(0xCCCCCD, 2**27)
    assert nn.rounded("0.1", Mode.RTN) == mpq(0xCCCCCC, 2**27)
    with pytest.raises(NumberError, match="beyond"):
        nn.rounded(10**39, Mode.RNE)


def test_bits_keep_zeros_and_nans() -> None:
    bits = np.array([1 << 31, 0x7FC00001, 0x7F800000], np.uint32)
    assert nn.patterns_of(nn.tensor(bits, EXECUTED)).tolist() == bits.tolist()
    listed = ["b32:80000000", "b32:7fc00001", "b32:7f800000"]
    assert nn.patterns_of(nn.tensor(listed, EXECUTED)).tolist() == bits.tolist()
    with pytest.raises(NumberError, match="is not finite"):
        nn.tensor(bits, EXACT)


def test_ragged_lists_are_refused() -> None:
    with pytest.raises(NumberError, match="rows of different shapes"):
        nn.tensor([[1, 2], [3]], EXACT)


# data flow


LOOKS: dict[str, tuple[Callable[[Tensor], object], str]] = {
    "bool": (bool, "where, maximum or minimum"),
    "if": (lambda t: 1 if t else 2, "where, maximum or minimum"),
    "int": (int, "where, maximum or minimum"),
    "float": (float, "a float rounds"),
    "index": (lambda t: [1, 2][t], "indices are ints"),
    "length": (len, "tensor.shape"),
    "iteration": (list, "use row"),
    "unpacking": (lambda t: [*t, 1], "use row"),
    "subscript": (lambda t: t[0], "row, cut or gather"),
    "membership": (lambda t: 1 in t, "where, maximum or minimum"),
    "equal": (lambda t: t == 1, "use equal"),
    "unequal": (lambda t: t != 1, "use equal"),
    "less": (lambda t: t < 1, "use less"),
    "at most": (lambda t: t <= 1, "use less_equal"),
    "more": (lambda t: t > 1, "use less"),
    "at least": (lambda t: t >= 1, "use less_equal"),
    "maximum": (lambda t: max(t, t), "use less"),
    "hash": (hash, "not compared"),
    "array": (np.asarray, "patterns_of"),
}


@pytest.mark.parametrize("name", LOOKS)
def test_a_program_that_looks_at_values_is_told_so(name: str) -> None:
    look, message = LOOKS[name]
    for stage in (lambda: look(x()), lambda: nn.compile(look, (2, 2))):
        with pytest.raises(DataFlowError, match=f"depend on data: .*{message}"):
            stage()


def test_values_are_not_read_while_tracing() -> None:
    for look in (nn.ends, nn.rationals, nn.patterns_of):
        with pytest.raises(DataFlowError, match="while a graph is traced there is none"):
            nn.compile(look, (2,))


# contexts


def test_arithmetics_do_not_mix() -> None:
    for other in (nn.Exact(81, "1e-12"), nn.Interval(40), EXECUTED):
        with pytest.raises(ContextError, match="add of tensors of"):
            x() + nn.tensor([1, 2], other)
    with pytest.raises(ContextError, match="add of tensors of"):
        nn.compile(lambda t: t + x(), (2, 2))
    with pytest.raises(ContextError, match="no tensor"):
        functions.maximum(1, 2)
    with pytest.raises(ContextError, match="not of the graph"):
        nn.compile(lambda _t: x(), (2, 2))
    with pytest.raises(ContextError, match="not of the graph"):
        nn.compile(lambda _t: 1, (2, 2))


def test_graphs_take_their_inputs() -> None:
    graph = nn.compile(lambda one, two: (one + two, one), (2,), (1, 2))
    one, two = nn.tensor([1, 2], EXACT), nn.tensor([[3, 4]], EXACT)
    total, same = nn.run(graph, one, two)
    assert (nn.rationals(total), nn.rationals(same)) == ([4, 6], [1, 2])
    assert total.shape == (1, 2)
    with pytest.raises(ContextError, match="1 tensors for the inputs x0, x1"):
        nn.run(graph, one)
    with pytest.raises(ContextError, match="in one arithmetic"):
        nn.run(graph, one, nn.tensor([[3, 4]], nn.Interval(9)))
    with pytest.raises(
        OperandError, match=r"input 'x1' applied to \[2\]: the graph takes \[1, 2\]"
    ):
        nn.run(graph, one, one)


def test_intervals_are_intervals() -> None:
    with pytest.raises(NumberError, match="above the upper"):
        nn.interval([1, 2], [2, 1], nn.Interval(9))
    with pytest.raises(NumberError, match="shapes"):
        nn.interval([1, 2], 3, nn.Interval(9))
    with pytest.raises(ContextError, match="knows no intervals"):
        nn.interval(1, 2, EXACT)
    with pytest.raises(ContextError, match="only ends are known"):
        nn.rationals(nn.interval(1, 2, nn.Interval(9)))
    assert nn.ends(nn.interval(-1, 2, nn.Interval(9)) * 3) == ([-3], [6])


def test_enclosures_are_as_narrow_as_stated() -> None:
    fine = nn.Exact(200, "1e-50")
    (lower,), (upper,) = nn.ends(functions.exp(nn.tensor(1, fine)))
    assert 0 < upper - lower < mpq(1, 10**50)
    with pytest.raises(ValueUnknownError, match=r"exp: enclosed to 2.* raise the precision"):
        functions.exp(nn.tensor(1, replace(fine, precision=30)))
    assert nn.rationals(functions.exp(nn.tensor(0, fine))) == [1]
    with pytest.raises(ContextError, match="binary32 patterns"):
        nn.patterns_of(nn.tensor(1, fine))
    with pytest.raises(NumberError):
        nn.Exact(200, 1e-50)


def test_what_has_no_value_says_why() -> None:
    for program, number, message in (
        (functions.log, -1, "log: log.* not defined"),
        (functions.sqrt, -1, "sqrt: "),
        (lambda t: 1 / t, 0, "div: "),
    ):
        with pytest.raises(ValueUnknownError, match=message):
            program(nn.tensor(number, EXACT))
    with pytest.raises(ValueUnknownError, match="a divisor may be zero"):
        1 / nn.interval(-1, 1, nn.Interval(9))
    with pytest.raises(ValueUnknownError, match="softmax: none of its expansions is stated: naive"):
        functions.softmax(nn.tensor([1, 2], EXECUTED), 0)
    with pytest.raises(ContextError, match="'fast' is no expansion of softmax: naive, max-shifted"):
        replace(EXECUTED, expansions={Op.SOFTMAX: "fast"})
    with pytest.raises(ContextError, match="is no expansion of relu"):
        replace(EXECUTED, expansions={Op.RELU: "fast"})
    with pytest.raises(ValueUnknownError, match="softplus"):
        functions.softplus(nn.tensor([1], EXECUTED))
    first = replace(
        EXECUTED,
        order=lambda n: left_to_right(n, BINARY32, Start.FIRST_TERM, Products.ROUNDED),
    )
    with pytest.raises(ValueUnknownError, match=r"reduce_sum: the order: .* no first term"):
        functions.total(functions.cut(nn.tensor([1], first), 0, 0, 0), [0])
    graph = nn.compile(lambda t: 1 + functions.total(functions.cut(t, 0, 0, 0), [0]), (1,))
    with pytest.raises(ValueUnknownError, match=r"reduce_sum: the order: .* no first term"):
        nn.run(graph, nn.tensor([1], first))


# shapes


def image(t: Tensor) -> Tensor:
    return functions.reshape(t, (1, 1, 2, 2))


SHAPES: dict[str, tuple[Callable[[Tensor], object], str]] = {
    "sum": (lambda t: t + functions.row(t, 0) @ t + functions.flatten(t, 0),
            r"add applied to \[2, 2\] and \[4\]"),
    "product": (lambda t: t @ functions.reshape(t, (4, 1)),
                r"matmul applied to \[2, 2\] and \[4, 1\]"),
    "linear": (weighted(nn.Linear(3, 4), 0), r"Linear applied to \[2, 2\]: \[…, 3\] is expected"),
    "convolution": (weighted(nn.Conv2d(1, 1, (2, 2)), 0),
                    r"\[batch, 1, height, width\] is expected"),
    "batch norm": (weighted(nn.BatchNorm(3, 1), 0),
                   r"BatchNorm applied to \[2, 2\]: \[batch, 3, …\]"),
    "layer norm": (weighted(nn.LayerNorm((3,), 1), 0), r"LayerNorm applied to \[2, 2\]: \[…, 3\]"),
    "pool": (nn.MaxPool2d((2, 2)), r"MaxPool2d\(kernel_size=\(2, 2\).*applied to \[2, 2\]"),
    "mean pool": (nn.AvgPool2d((2, 2)), r"AvgPool2d.*applied to \[2, 2\]"),
    "residual": (nn.Residual(nn.Flatten(0), nn.Identity()),
                 r"Residual applied to \[4\] and \[2, 2\]"),
    "wide pool": (lambda t: nn.MaxPool2d((3, 1))(image(t)),
                  r"MaxPool2d.*: max_pool applied to \[1, 1, 2, 2\]: a window of 3 does not fit"),
    "wide kernel": (lambda t: weighted(nn.Conv2d(1, 1, (3, 1)), 0)(image(t)),
                    r"Conv2d: conv applied to \[1, 1, 2, 2\] and \[1, 1, 3, 1\]"),
    "softmax": (nn.Softmax(2), r"Softmax\(axis=2\): an axis applied to"),
    "axis": (lambda t: functions.softmax(t, 2), "there is no axis 2"),
    "row": (lambda t: functions.row(t, 2), r"places \[2\]"),
    "cut": (lambda t: functions.cut(t, 1, 3, 0), "entries 1 to 3"),
    "power": (lambda t: functions.power(t, 9), "9 is no exponent"),
    "nothing": (lambda _t: functions.concat([], 0), "there is no tensor"),
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
def test_shapes_that_do_not_fit_are_named_with_the_module(name: str) -> None:
    program, message = SHAPES[name]
    for stage in (lambda: program(x()), lambda: nn.compile(program, (2, 2))):
        with pytest.raises(OperandError, match=message):
            stage()


def test_a_module_within_others_is_named_by_its_path() -> None:
    inner = nn.Sequential((nn.Linear(2, 3), nn.ReLU(), nn.Linear(4, 1)))
    whole = weighted(nn.Residual(inner, nn.Identity()), 0)
    with pytest.raises(OperandError, match=r"Linear 'body.2' applied to \[2, 3\]: \[…, 4\]"):
        whole(x())


def test_modules_without_weights_say_so() -> None:
    with pytest.raises(ParameterError, match=r"Linear\(in_features=2.* has no weights yet"):
        nn.Linear(2, 2)(x())


def test_parts_of_modules_are_found_by_name() -> None:
    @dataclass(frozen=True)
    class Whole:
        tower: dict[str, nn.Linear]
        pair: list[nn.Linear]
        scale: nn.Parameter

        def __call__(self, t: Tensor) -> Tensor:
            return self.pair[1](self.tower["up"](t)) * self.scale(t)

    plain = Whole({"up": nn.Linear(2, 3)}, [nn.Linear(1, 1), nn.Linear(3, 1)], nn.Parameter((1,)))
    graph = nn.compile(weighted(plain, 1), (2, 2))
    assert set(graph.constants) == {
        *("tower.up.weight", "tower.up.bias", "pair.1.weight", "pair.1.bias", "scale"),
    }
    assert plain.scale.weights is None


def test_lengths_and_places_are_whole() -> None:
    for wrong in (2.0, True, "2", None):
        for use in (
            lambda t, n: functions.reshape(t, (n, 2)),
            lambda t, n: functions.total(t, (n,)),
            lambda t, n: nn.compile(lambda one: one + t, (n, 2)),
            functions.power,
            lambda t, n: functions.gather(t, [n], 0),
            lambda t, n: functions.cut(t, 0, n, 0),
        ):
            with pytest.raises(NumberError, match="where a whole number was expected"):
                use(x(), wrong)
    two = np.int64(2)
    graph = nn.compile(lambda t: functions.reshape(t, (two, two)), (1, np.uint8(4)))
    assert json.dumps(graph_object(graph))


def test_numbers_of_modules_are_checked() -> None:
    for wrong in (
        lambda: nn.Conv2d(1, 1, 3),
        lambda: nn.Conv2d(1, 1, (3, 3), stride=2),
        lambda: nn.MaxPool2d(2),
        lambda: nn.AvgPool2d((2, 2), stride=2),
    ):
        with pytest.raises(ParameterError, match=r"a pair, \(height, width\), expected"):
            wrong()
    with pytest.raises(ParameterError, match="2 groups of 3 and 4 channels"):
        nn.Conv2d(3, 4, (1, 1), groups=2)
    with pytest.raises(NumberError, match="is not a binary32 value"):
        nn.BatchNorm(3, "1e-5")
    with pytest.raises(NumberError, match="is a float"):
        nn.LayerNorm((3,), 1e-5)


def test_weights_of_one_name_are_refused() -> None:
    @dataclass(frozen=True)
    class Whole:
        inner: nn.Linear
        bias: nn.Parameter
        transparent: ClassVar[str] = "inner"

    whole = Whole(nn.Linear(1, 1), nn.Parameter((2,)))
    with pytest.raises(ParameterError, match=r"have one name: 'bias'"):
        nn.load(whole, State("f", {}))


def test_arrays_are_copied() -> None:
    bits = np.array([0x3F800000], np.uint32)
    one = nn.tensor(bits, EXECUTED)
    graph = nn.compile(lambda t: t + bits, (1,))
    bits[0] = 0
    nn.patterns_of(one)[0] = 0
    assert nn.patterns_of(one).tolist() == [0x3F800000]
    assert [c.tolist() for c in graph.constants.values()] == [[0x3F800000]]


def test_a_weight_used_twice_is_one_constant() -> None:
    layer = weighted(nn.Linear(2, 2), 3)
    graph = nn.compile(lambda t: layer(layer(t)), (1, 2))
    assert len(graph.constants) == 2


# audits


def small() -> nn.Sequential:
    block = nn.Sequential((nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4)))
    whole = nn.Sequential((nn.Linear(2, 4), nn.Residual(block, nn.Identity()), nn.Linear(4, 2)))
    return weighted(whole, 5)


def test_a_compiled_module_is_bounded_and_audited(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    graph = nn.compile(small(), (1, 2))
    model, spec = tmp_path / "graph.json", tmp_path / "spec.vnnlib"
    nn.write_graph(model, graph)
    assert load_model(model).nodes == graph.nodes
    corner = nn.rationals(small()(nn.tensor([["0.25", "-0.5"]], EXACT)))
    names = [f"(declare-const {name} Real)" for name in ("X_0", "X_1", "Y_0", "Y_1")]
    box = [f"(assert (>= X_{i} {v})) (assert (<= X_{i} {v}))" for i, v in enumerate((0.25, -0.5))]
    below = f"(assert (<= Y_0 {float(corner[0])}))"
    spec.write_text("\n".join((*names, *box, below)), encoding="ascii")
    assert main(["audit", str(model), str(spec), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["verdict"] == "violated"
    above = f"(assert (<= Y_0 {float(corner[0]) - 0.001}))"
    spec.write_text("\n".join((*names, *box, above)), encoding="ascii")
    for method in ("ibp", "crown", "alpha"):
        assert main(["audit", str(model), str(spec), "--method", method]) == 0
    with pytest.raises(InputError, match="cannot be written"):
        nn.write_graph(tmp_path / "none" / "graph.json", graph)
