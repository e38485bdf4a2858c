"""Writing node-wise certificates: our own propagation, rounded outward, as binary32 decimals.

What is written passes our own checkers under `exact` and, where the graph has a transcript,
`containment`; bit-exactness is not claimed. Boxes are the outward-rounded binary32 transcript, or
exact boxes rounded outward where an operator has none. Forms are exact steps from the forms already
written: coefficients are rounded to nearest, and the constant absorbs that and is rounded outward.
Every number is written in full, so that every reader reads the same one.
"""

import json
from collections.abc import Callable

import numpy as np
from gmpy2 import mpq, mpz

from refsem.certificates.node_exact import Claims, chord, exact_boxes, lower_slopes
from refsem.certificates.node_files import NodeFile, NodeKind
from refsem.certificates.node_graph import NodeGraph
from refsem.certificates.transcript import NoTranscriptError, box_transcript
from refsem.errors import InputError
from refsem.exact import ExactTensor, NotFiniteError
from refsem.exact.tensor import concatenate
from refsem.ir.operators import Op
from refsem.rounding import (
    BINARY32,
    Mode,
    Unbounded,
    exact_value,
    round_down,
    round_to,
    round_up,
)
from refsem.rules.forward import (
    Bounds,
    Forms,
    constant_forms,
    follows_above,
    follows_below,
    input_forms,
    relu_above,
    relu_below,
    through_affine,
)
from refsem.rules.relaxing import relu_slopes

_ZERO = ExactTensor.full((1, 1), mpq(0))


def certificate_text(graph: NodeGraph, box: Bounds, kind: NodeKind) -> str:
    """The certificate over an input box, each end of shape (1, size), as JSON text.

    `ReplayError` where an operator has no interval rule, `InputError` where a bound is not finite
    in binary32.
    """
    source = graph.prepared.graph.inputs[0]
    rounded = _outward(box)
    boxes = _written_boxes(graph, rounded)
    document: dict[str, object] = {"ibp": [_box_object(boxes[name]) for name in graph.tensors]}
    if kind is not NodeKind.IBP:
        inside = _exact(graph, rounded)
        forms, slopes = _written_forms(graph, rounded, inside)
        number = graph.tensors.index(source)
        document["ctx"] = {"inputId": number, "inputDim": graph.size(number)}
        document["crown"] = [_forms_object(forms[name]) for name in graph.tensors]
        document["alpha"] = [_row_object(slopes.get(name)) for name in graph.tensors]
        if kind is NodeKind.ALPHA_BETA:
            document["beta"] = [_phases(graph, name, inside) for name in graph.tensors]
    return _dumps(document)


# numbers


def decimal_text(value: mpq) -> str:
    """The value of a dyadic rational in full, as a JSON number."""
    places = int(value.denominator).bit_length() - 1
    digits = str(abs(mpz(value * mpz(10) ** places))).rjust(places + 1, "0")
    whole, fraction = digits[: len(digits) - places], digits[len(digits) - places :]
    return f"{'-' if value < 0 else ''}{whole}.{fraction or '0'}"


class _Raw(str):
    """A number as it is to stand in the file."""

    __slots__ = ()


def _dumps(document: object) -> str:
    if isinstance(document, dict):
        inner = ", ".join(f"{json.dumps(key)}: {_dumps(item)}" for key, item in document.items())
        return f"{{{inner}}}"
    if isinstance(document, list):
        return f"[{', '.join(_dumps(item) for item in document)}]"
    return document if isinstance(document, _Raw) else json.dumps(document)


def _numbers(values: ExactTensor) -> list[object]:
    return [_Raw(decimal_text(value)) for value in values.rationals()]


def _each(values: ExactTensor, rounding: Callable[[mpq], mpq | Unbounded]) -> ExactTensor:
    found = []
    for value in values.rationals():
        rounded = rounding(value)
        if isinstance(rounded, Unbounded):
            raise InputError("", "--write-certificate", "a bound is beyond the range of binary32")
        found.append(rounded)
    return ExactTensor.from_rationals(found, values.shape)


def _outward(box: Bounds) -> Bounds:
    return _each(box[0], round_down), _each(box[1], round_up)


def _nearest(value: mpq) -> mpq | Unbounded:
    bits = round_to(BINARY32, Mode.RNE, value, 0)
    infinite = bits & 0x7FFFFFFF == BINARY32.infinity
    return Unbounded() if infinite else exact_value(BINARY32, bits)


# boxes


def _exact(graph: NodeGraph, box: Bounds) -> dict[str, Bounds]:
    file = NodeFile(NodeKind.IBP, 0, (), (), (), (), (), ())
    return exact_boxes(Claims(graph, file, {graph.prepared.graph.inputs[0]: box}))


def _written_boxes(graph: NodeGraph, box: Bounds) -> dict[str, Bounds]:
    source = graph.prepared.graph.inputs[0]
    bits = []
    for end in box:
        patterns = [round_to(BINARY32, Mode.RNE, value, 0) for value in end.rationals()]
        bits.append(np.array(patterns, np.uint32))
    try:
        found = box_transcript(graph.prepared, {source: (bits[0], bits[1])})
        return {
            name: (
                ExactTensor.from_binary32(low).reshape(1, -1),
                ExactTensor.from_binary32(high).reshape(1, -1),
            )
            for name, (low, high) in found.items()
        }
    except (NoTranscriptError, NotFiniteError):
        return {name: _outward(ends) for name, ends in _exact(graph, box).items()}


# forms


def _written_forms(
    graph: NodeGraph, box: Bounds, boxes: dict[str, Bounds]
) -> tuple[dict[str, Forms], dict[str, ExactTensor]]:
    """Forms of every tensor, each from those of its operands as they are written, and slopes."""
    prepared = graph.prepared
    columns = box[0].reshape(-1, 1), box[1].reshape(-1, 1)
    known: dict[str, Forms] = {}
    slopes: dict[str, ExactTensor] = {}
    for name, node in prepared.nodes.items():
        if node.op is Op.INPUT:
            forms = input_forms(node.size)
        elif name in prepared.affine:
            operands = {operand: known[operand] for operand in prepared.operands(name)}
            forms = through_affine(prepared.affine[name], operands)
        elif node.op is Op.RELU:
            operand = prepared.operands(name)[0]
            slopes[name] = relu_slopes(*boxes[operand])[1]
            below = lower_slopes(boxes[operand], slopes[name])[0]
            above = relu_above(known[operand], boxes[operand], chord(boxes[operand]))
            forms = Forms(relu_below(known[operand], below), above)
        else:
            forms = constant_forms(columns[0].size, *boxes[name])
        known[name] = _rounded(forms, columns) if name in graph.tensors else forms
    for name in graph.tensors:
        if name in prepared.constants:
            value = prepared.constants[name]
            known[name] = constant_forms(columns[0].size, value, value)
    return known, slopes


def _rounded(forms: Forms, box: Bounds) -> Forms:
    """The forms with binary32 coefficients; constants take up the change and move outward."""
    lower = _each(forms.lower[:-1], _nearest)
    upper = _each(forms.upper[:-1], _nearest)
    start = concatenate([lower, forms.lower[-1:]], 0)
    constant = forms.lower[-1:] - follows_below(start, forms.lower, box)
    below = concatenate([lower, _each(constant, round_down)], 0)
    start = concatenate([upper, forms.upper[-1:]], 0)
    constant = forms.upper[-1:] + follows_above(start, forms.upper, box)
    return Forms(below, concatenate([upper, _each(constant, round_up)], 0))


def _phases(graph: NodeGraph, name: str, boxes: dict[str, Bounds]) -> object:
    """1 where a ReLU's operand is never negative, −1 where it is never positive, else 0."""
    prepared = graph.prepared
    if name not in prepared.nodes or prepared.nodes[name].op is not Op.RELU:
        return None
    lower, upper = boxes[prepared.operands(name)[0]]
    active = _ZERO.less_equal(lower)[0].tolist()
    inactive = upper.less_equal(_ZERO)[0].tolist()
    return [1 if on else -1 if off else 0 for on, off in zip(active, inactive, strict=True)]


# objects


def _box_object(box: Bounds) -> object:
    return {"lo": _numbers(box[0]), "hi": _numbers(box[1])}


def _row_object(row: ExactTensor | None) -> object:
    return None if row is None else _numbers(row)


def _forms_object(forms: Forms) -> object:
    stated: dict[str, object] = {}
    for side, columns in (("lo", forms.lower), ("hi", forms.upper)):
        stated[f"{side}A"] = [_numbers(columns[:-1, entry]) for entry in range(columns.shape[1])]
        stated[f"{side}C"] = _numbers(columns[-1])
    return stated
