"""Recipes for every ONNX operator that is read, with every attribute it may have."""

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from onnx_draws import FRACTIONS, SIDES, SIGNED, Draft, Recipe

FLAGS = st.integers(0, 1)
Build = Callable[[Draft], list[str]]


def unary(op: str, **choices: st.SearchStrategy[Any]) -> Build:
    return lambda d: d.add(op, d.value, **d.some(**choices))


def binary(op: str, other: Callable[[Draft], str], *, swap: bool = True) -> Build:
    def build(d: Draft) -> list[str]:
        pair = [d.value, other(d)]
        return d.add(op, *(reversed(pair) if swap and d.yes() else pair))

    return build


def constant_or_itself(d: Draft) -> str:
    return d.value if d.yes() and d.yes() else d.whole(*d.broadcastable())


def odd(d: Draft) -> str:
    """A constant without zeros, by which a division may round."""
    return d.constant(2 * d.numbers(d.broadcastable()) + 1)


def variadic(op: str) -> Build:
    def build(d: Draft) -> list[str]:
        others = [constant_or_itself(d) for _ in range(d.draw(st.integers(0, 2)))]
        return d.add(op, *d.draw(st.permutations([d.value, *others])))

    return build


def clip(d: Draft) -> list[str]:
    low, high = sorted(d.draw(st.lists(SIGNED, min_size=2, max_size=2)))
    if d.opset < 11:
        return d.add("Clip", d.value, **d.some(min=st.just(low), max=st.just(high)))
    ends = [d.constant(end) if d.yes() else "" for end in (low, high)]
    return d.add("Clip", d.value, *ends)


def prelu(d: Draft) -> list[str]:
    return d.add("PRelu", d.value, d.whole(*d.broadcastable()))


def power(exponents: list[float]) -> Build:
    return lambda d: d.add("Pow", d.value, d.constant(d.draw(st.sampled_from(exponents))))


def truth(d: Draft) -> str:
    """Truth values of the shape of the value."""
    return d.add("Less", d.value, d.constant(d.draw(SIGNED)))[0]


def as_float(d: Draft, name: str) -> list[str]:
    return d.add("Cast", name, to=TensorProto.FLOAT)


def comparison(op: str) -> Build:
    return lambda d: as_float(d, binary(op, constant_or_itself)(d)[0])


def logical(op: str) -> Build:
    return lambda d: as_float(d, d.add(op, truth(d), truth(d))[0])


def negation(d: Draft) -> list[str]:
    return as_float(d, d.add("Not", truth(d))[0])


def where(d: Draft) -> list[str]:
    pair = [d.value, d.whole(*d.broadcastable())]
    return d.add("Where", truth(d), *d.draw(st.permutations(pair)))


def cast(d: Draft) -> list[str]:
    more: dict[str, Any] = {}
    if d.opset >= 19:
        more = d.some(saturate=FLAGS)
    if d.opset >= 24:
        more |= d.some(round_mode=st.sampled_from(["up", "down", "nearest"]))
    if d.yes():
        (truths,) = d.add("Cast", d.value, to=TensorProto.BOOL, **more)
        return d.add("Cast", truths, to=TensorProto.FLOAT, **more)
    kind = d.draw(st.sampled_from([TensorProto.INT64, TensorProto.INT32]))
    (whole,) = d.add("Cast", d.whole(*d.shape), to=kind)
    return d.add("Cast", whole, to=TensorProto.FLOAT, **more)


# products


def matmul(d: Draft) -> list[str]:
    """The value on either side, and batches on either side or both."""
    batch, inner = d.shape[:-2], d.shape[-1]
    if d.yes():
        columns = [] if d.yes() else [d.draw(SIDES)]
        kept = batch[d.draw(st.integers(0, len(batch))) :] if columns else ()
        extra = [d.draw(SIDES)] if columns and len(kept) == len(batch) and d.yes() else []
        return d.add("MatMul", d.value, d.whole(*extra, *kept, inner, *columns))
    inner = d.shape[-2] if len(d.shape) > 1 else d.shape[0]
    rows = [] if d.yes() else [d.draw(SIDES)]
    kept = batch if rows and d.yes() else ()
    return d.add("MatMul", d.whole(*kept, *rows, inner), d.value)


def gemm(d: Draft) -> list[str]:
    more = d.some(alpha=SIGNED, beta=SIGNED, transA=FLAGS, transB=FLAGS)
    other = d.draw(SIDES)
    left = d.yes()
    turned = more.get("transA" if left else "transB", 0)
    # the value is x or xᵀ: the side that meets the other operand
    inner = d.shape[(0 if turned else 1) if left else (1 if turned else 0)]
    outer = d.shape[(1 if turned else 0) if left else (0 if turned else 1)]
    flipped = more.get("transB" if left else "transA", 0)
    sides = (inner, other) if left else (other, inner)
    weights = d.whole(*(reversed(sides) if flipped else sides))
    rows, columns = (outer, other) if left else (other, outer)
    addends = [(), (1,), (columns,), (1, columns), (rows, 1), (rows, columns)]
    given = d.opset < 11 or d.yes()
    added = [d.whole(*d.draw(st.sampled_from(addends)))] if given else []
    operands = [d.value, weights] if left else [weights, d.value]
    return d.add("Gemm", *operands, *added, **more)


# reductions


def reduction(op: str, input_since: int) -> Build:
    def build(d: Draft) -> list[str]:
        more = d.some(keepdims=FLAGS)
        given = bool(d.shape) and d.yes()
        if d.opset < input_since:
            if given:
                more["axes"] = d.axes(negative_since=11)
            return d.add(op, d.value, **more)
        more |= d.some(noop_with_empty_axes=FLAGS)
        inputs = [d.integers(*d.axes())] if given else []
        return d.add(op, d.value, *inputs, **more)

    return build


def softmax(op: str) -> Build:
    def build(d: Draft) -> list[str]:
        return d.add(op, d.value, **({"axis": d.axis(negative_since=11)} if d.yes() else {}))

    return build


def layer_norm(d: Draft) -> list[str]:
    more = d.some(epsilon=FRACTIONS, stash_type=st.just(1))
    axis = -1
    if d.yes():
        more["axis"] = axis = d.axis()
    scale = d.shape[axis:]
    bias = [d.whole(*scale)] if d.yes() else []
    return d.add("LayerNormalization", d.value, d.whole(*scale), *bias, **more)


# constants


def added(d: Draft, name: str) -> list[str]:
    return d.add("Add", d.value, name)


def constant(d: Draft) -> list[str]:
    forms: dict[str, Any] = {"value": numpy_helper.from_array(np.float32([1.5]), "v")}
    if d.opset >= 12:
        forms |= {"value_float": 1.5, "value_floats": [0.5], "value_int": 3, "value_ints": [2]}
    form = d.draw(st.sampled_from(sorted(forms)))
    (name,) = d.add("Constant", **{form: forms[form]})
    return added(d, as_float(d, name)[0] if form in ("value_int", "value_ints") else name)


def shape(d: Draft) -> list[str]:
    rank = len(d.shape)
    ends = st.integers(-rank, rank)
    more = d.some(start=ends, end=ends) if d.opset >= 15 else {}
    (lengths,) = d.add("Shape", d.value, **more)
    (total,) = d.add("ReduceSum", as_float(d, lengths)[0], keepdims=0)
    return added(d, total)


def size(d: Draft) -> list[str]:
    return added(d, as_float(d, d.add("Size", d.value)[0])[0])


def constant_of_shape(d: Draft) -> list[str]:
    value = helper.make_tensor("v", TensorProto.FLOAT, [1], [d.draw(SIGNED)])
    target = d.integers(*d.broadcastable())
    (name,) = d.add("ConstantOfShape", target, **d.some(value=st.just(value)))
    return added(d, name)


def range_of(d: Draft) -> list[str]:
    delta = d.draw(st.sampled_from([-3, -1, 1, 2]))
    count, start = d.draw(st.integers(1, 4)), d.draw(st.integers(-5, 5))
    limit = start + count * delta - (1 if delta > 1 and d.yes() else 0)
    ends = [d.constant(end, np.int64) for end in (start, limit, delta)]
    more = d.some(stash_type=st.just(1)) if d.opset >= 27 else {}
    (name,) = d.add("Range", *ends, **more)
    (total,) = d.add("ReduceSum", as_float(d, name)[0], keepdims=0)
    return added(d, total)


def dropout(d: Draft) -> list[str]:
    if d.opset < 12:
        more = d.some(ratio=FRACTIONS.map(lambda ratio: ratio / 4))
        return d.add("Dropout", d.value, **more, **({"is_test": 1} if d.opset < 7 else {}))
    inputs = [d.constant(0.25) if d.yes() else "", d.constant(0, np.bool_)] if d.yes() else []
    return d.add("Dropout", d.value, *inputs, **d.some(seed=st.integers(0, 9)))


ANY = st.sampled_from(["none", "tanh"])
NUMBERS = ("Relu", "Neg", "Abs", "Sign", "Identity", "Floor", "Ceil", "Round")
FUNCTIONS = ("Exp", "Sin", "Cos", "Tanh", "Sigmoid", "Softplus", "Softsign", "Erf", "Mish", "Tan")

ELEMENTWISE: tuple[Recipe, ...] = (
    *(Recipe(op, unary(op)) for op in NUMBERS),
    *(Recipe(op, unary(op), rounds=True) for op in (*FUNCTIONS, "HardSwish")),
    *(Recipe(op, unary(op), rounds=True, positive=True) for op in ("Log", "Sqrt", "Reciprocal")),
    Recipe("Elu", unary("Elu", alpha=FRACTIONS), rounds=True),
    Recipe("Celu", unary("Celu", alpha=FRACTIONS), rounds=True),
    Recipe("Swish", unary("Swish", alpha=SIGNED), rounds=True),
    Recipe("Selu", unary("Selu", alpha=FRACTIONS, gamma=FRACTIONS), rounds=True),
    Recipe("Gelu", unary("Gelu", approximate=ANY), rounds=True),
    Recipe("LeakyRelu", unary("LeakyRelu", alpha=SIGNED), rounds=True),
    Recipe("ThresholdedRelu", unary("ThresholdedRelu", alpha=FRACTIONS)),
    Recipe("HardSigmoid", unary("HardSigmoid", alpha=FRACTIONS, beta=FRACTIONS), rounds=True),
    *(Recipe(op, binary(op, constant_or_itself)) for op in ("Add", "Sub", "Mul")),
    Recipe("Div", binary("Div", lambda d: d.positive(*d.broadcastable()), swap=False)),
    Recipe("Div", binary("Div", odd), rounds=True, positive=True),
    Recipe("PRelu", prelu, ranks=(1, 3)),
    Recipe("Pow", power([1, 2, 3, 4, 5, 6])),
    Recipe("Pow", power([0.5, 7, 8, 9, 13, -1, -2, -5]), rounds=True, positive=True),
    *(Recipe(op, variadic(op)) for op in ("Max", "Min", "Sum")),
    Recipe("Mean", variadic("Mean"), rounds=True),
    Recipe("Clip", clip),
    *(Recipe(op, comparison(op), since=9) for op in ("Less", "Greater")),
    *(Recipe(op, comparison(op)) for op in ("LessOrEqual", "GreaterOrEqual")),
    Recipe("Equal", comparison("Equal"), since=11),
    *(Recipe(op, logical(op), since=9) for op in ("And", "Or")),
    Recipe("Not", negation, since=9),
    Recipe("Where", where, since=9),
    Recipe("Cast", cast),
)

SUMS: tuple[Recipe, ...] = (
    Recipe("MatMul", matmul, ranks=(1, 4)),
    Recipe("Gemm", gemm, ranks=(2, 2)),
    Recipe("ReduceSum", reduction("ReduceSum", 13)),
    *(Recipe(op, reduction(op, 18)) for op in ("ReduceMax", "ReduceMin")),
    *(Recipe(op, reduction(op, 18)) for op in ("ReduceL1", "ReduceSumSquare")),
    *(Recipe(op, reduction(op, 18), rounds=True) for op in ("ReduceMean", "ReduceL2")),
    Recipe("ReduceLogSumExp", reduction("ReduceLogSumExp", 18), rounds=True),
    Recipe("ReduceLogSum", reduction("ReduceLogSum", 18), rounds=True, positive=True),
    *(Recipe(op, softmax(op), ranks=(2, 3), rounds=True) for op in ("Softmax", "LogSoftmax")),
    Recipe("LayerNormalization", layer_norm, ranks=(1, 3), rounds=True),
)

CONSTANTS: tuple[Recipe, ...] = (
    Recipe("Constant", constant, ranks=(1, 3), since=7),
    Recipe("Dropout", dropout),
    Recipe("Shape", shape, ranks=(1, 4), since=7),
    Recipe("Size", size, since=7),
    Recipe("ConstantOfShape", constant_of_shape),
    Recipe("Range", range_of),
)
