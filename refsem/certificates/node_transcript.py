"""Node-wise certificates held against the binary32 transcript: containment, or bit for bit.

*Containment* (eras B to D): the claimed boxes contain the transcript's. Decimals are read as era D
reads them, rounded outward to binary32 once, so that an end less than an ulp inward is read as the
transcript's own and accepted; `literally_inward` counts those ends. The input box is read to
nearest: it is the region spoken of.

*Bit for bit*: an `IBPNodeCert`'s boxes are the transcript, decimals rounded outward; the other
formats' boxes need only contain it, and their forms, read to nearest, are its bits, signs of zeros
included. The transcript of forms rounds to nearest: agreeing with it encloses nothing.
"""

from collections.abc import Iterator

import numpy as np
from gmpy2 import mpq

from refsem.certificates.comparison import inward
from refsem.certificates.foreign.regions import FlatBox
from refsem.certificates.node_exact import Claims
from refsem.certificates.node_files import NodeKind
from refsem.certificates.report import Finding, Semantics
from refsem.certificates.transcript import (
    Bits,
    Ends,
    FormBits,
    Slopes,
    box_transcript,
    form_transcript,
)
from refsem.exact import ExactTensor
from refsem.rounding import BINARY32, Finite, Mode, decode, round_to
from refsem.untrusted.decimals import read_decimal
from refsem.untrusted.strict_json import Number, Value


def read_bits(place: Value, mode: Mode) -> list[int]:
    """The binary32 patterns of nested lists of numbers, row-major; −0 keeps its sign."""
    if isinstance(place.value, list):
        return [bits for item in place.items() for bits in read_bits(item, mode)]
    negative = isinstance(place.value, Number) and place.value.text.startswith("-")
    return [round_to(BINARY32, mode, read_decimal(place), int(negative))]


def _array(bits: list[int]) -> Bits:
    return np.array(bits, np.uint32)


def check_transcript(claims: Claims, semantics: Semantics) -> list[Finding]:
    """What differs from the transcript; `NoTranscriptError` where there is none."""
    graph, file = claims.graph, claims.file
    boxes = box_transcript(graph.prepared, {graph.tensors[file.source]: _source(claims)})
    findings: list[Finding] = []
    exactly = semantics is Semantics.BITEXACT
    for node, name in enumerate(graph.tensors):
        label = graph.label(node)
        if exactly and file.kind is NodeKind.IBP:
            findings += _same_box(file.places[node], boxes[name], label)
        else:
            read, ends = _as_read(claims, node), _exactly(boxes[name])
            findings += inward(read, *ends, label, BINARY32)
    if exactly and file.forms:
        findings += _same_forms(claims, boxes)
    return findings


def literally_inward(claims: Claims) -> int:
    """How many claimed ends, decimals taken literally, are inward of the transcript's."""
    graph = claims.graph
    boxes = box_transcript(graph.prepared, {graph.tensors[claims.file.source]: _source(claims)})
    return sum(
        len(inward(claims.box(node), *_exactly(boxes[name]), "", BINARY32))
        for node, name in enumerate(graph.tensors)
    )


def _exactly(ends: Ends) -> tuple[ExactTensor, ExactTensor]:
    low, high = (ExactTensor.from_binary32(end).reshape(1, -1) for end in ends)
    return low, high


def _as_read(claims: Claims, node: int) -> FlatBox:
    """A claimed box with its decimals rounded outward to binary32."""
    box, members = claims.box(node), claims.file.places[node].entries()
    low = _array(read_bits(members["lo"], Mode.RTN))
    high = _array(read_bits(members["hi"], Mode.RTP))
    return FlatBox(*_exactly((low, high)), box.place, box.upper_place)


def _source(claims: Claims) -> Ends:
    """The input box, read to nearest: those eras take it, as binary32, from elsewhere."""
    members = claims.file.places[claims.file.source].entries()
    low, high = (_array(read_bits(members[key], Mode.RNE)) for key in ("lo", "hi"))
    return low, high


def _same_box(place: Value, ends: Ends, label: str) -> Iterator[Finding]:
    members = place.entries()
    for key, mode, bits in (("lo", Mode.RTN, ends[0]), ("hi", Mode.RTP, ends[1])):
        claimed = _array(read_bits(members[key], mode))
        yield from _different(members[key].path, claimed, bits.ravel(), label)


def _same_forms(claims: Claims, boxes: dict[str, Ends]) -> list[Finding]:
    graph, file = claims.graph, claims.file
    slopes = {}
    for node, name in enumerate(graph.tensors):
        stated = file.slope(node)
        if stated is not None:
            rounded = [round_to(BINARY32, Mode.RNE, value, 0) for value in stated.rationals()]
            slopes[name] = Slopes(_array(rounded))
    forms = form_transcript(graph.prepared, boxes, slopes, frozenset(graph.tensors))
    findings: list[Finding] = []
    for node, name in enumerate(graph.tensors):
        claimed = file.forms[node]
        if claimed is not None:
            findings += _same_form(claimed.place, forms[name], graph.label(node))
    return findings


def _same_form(place: Value, form: FormBits, label: str) -> Iterator[Finding]:
    members = place.entries()
    for matrix, constant, bits in (("loA", "loC", form.lower), ("hiA", "hiC", form.upper)):
        claimed = _array(read_bits(members[matrix], Mode.RNE))
        yield from _different(members[matrix].path, claimed, bits[:-1].T.ravel(), label)
        claimed = _array(read_bits(members[constant], Mode.RNE))
        yield from _different(members[constant].path, claimed, bits[-1], label)


def _different(path: str, claimed: Bits, bits: Bits, label: str) -> Iterator[Finding]:
    for index in np.flatnonzero(claimed != bits).tolist():
        pair = int(claimed[index]), int(bits[index])
        message = f"{label}: bits {pair[0]:08x}, the transcript has {pair[1]:08x}"
        yield Finding(f"{path}[{index}]", message, _value(pair[0]), _value(pair[1]))


def _value(bits: int) -> mpq | None:
    decoded = decode(BINARY32, bits)
    return decoded.value if isinstance(decoded, Finite) else None
