"""Proofs survive being written as JSON, and JSON that is no proof is refused."""

import copy
import json
from collections.abc import Iterator
from typing import Any, TypeAlias

import pytest
from gmpy2 import mpq
from written_proofs import WRITTEN, Written, x, y

from refsem.ir.terms import Term, maximum, select, term
from refsem.obligations.algebra.checker import Rejected, check
from refsem.obligations.algebra.encoding import (
    EncodingError,
    decode,
    decode_term,
    encode,
    encode_term,
    strict_json,
)

Json: TypeAlias = Any
each = pytest.mark.parametrize("written", WRITTEN, ids=lambda one: one.obligation.id)


WRONG: tuple[Json, ...] = (None, True, 1.5, 0, -1, "", "0.5", [], {}, [[]], {"leaf": []})


def places(data: Json, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value in JSON data."""
    yield path
    if isinstance(data, dict | list):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield from places(value, (*path, key))


def put(data: Json, path: tuple[Any, ...], value: object) -> Json:
    """A copy of the data with one value replaced."""
    if not path:
        return value
    changed = copy.deepcopy(data)
    holder = changed
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return changed


@each
def test_a_proof_read_back_is_the_proof(written: Written) -> None:
    assert decode(strict_json(json.dumps(encode(written.proof)))) == written.proof


@each
def test_a_value_of_another_type_is_refused_or_proves_nothing(written: Written) -> None:
    data = encode(written.proof)
    for path in places(data):
        for wrong in WRONG:
            changed = put(data, path, wrong)
            try:
                proof = decode(changed)
            except EncodingError:
                continue
            different = proof != written.proof
            assert not different or isinstance(check(written.obligation, proof), Rejected)


TERMS = (x, term(3), Term(mpq(-2, 7)), -x, x / y - 2 * x, maximum(x, abs(y)), select(x, 0, y, 1))


@pytest.mark.parametrize("one", TERMS, ids=repr)
def test_a_term_read_back_is_the_term(one: Term) -> None:
    assert decode_term(strict_json(json.dumps(encode_term(one)))) == one


@pytest.mark.parametrize(
    "text",
    [
        "1.0", "1e3", "NaN", "-Infinity", "true", "null", "{}", "[]", '["+", 1]', '["neg", 1, 2]',
        '["^", "x", 2]', '"1/0"', '"2/4"', '"0.5"', '"1e3"', '"é"', '"a b"', '""', '" 1/2"', "[1]",
        '["/", "x"]', '"1_0/3"',
    ],
)  # fmt: skip
def test_what_is_no_term_is_refused(text: str) -> None:
    with pytest.raises(EncodingError):
        decode_term(strict_json(text))


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[1,]", "null", "[]", "{}", '{"leaf": 1}', '{"leaf": []}',
        '{"leaf": [[], [], []]}',
        '{"leaf": [[[]], []]}', '{"leaf": [[[1.0, "goal"]], []]}', '{"leaf": [[[true]], []]}',
        '{"leaf": [[["1", "goal"]], []]}', '{"leaf": [[], []], "split": []}', '{"axiom": []}',
        '{"leaf": [[], []], "leaf": [[], []]}', '{"leaf": [[[1, "goal", ["x", "y"]]], []]}',
        '{"lemma": ["a", ["x", "=>", "y"], {"leaf": [[], []]}, {"leaf": [[], []]}]}',
        '{"divide": ["a", "x", "maybe", {"leaf": [[], []]}, {"leaf": [[], []]}]}',
        '{"rewrite": ["x", "e", "y", {"leaf": [[], []]}]}',
        '{"split": ["a", "x", {"leaf": [[], []]}]}',
    ],
)  # fmt: skip
def test_what_is_no_proof_is_refused(text: str) -> None:
    with pytest.raises(EncodingError):
        decode(strict_json(text))


def test_nesting_without_end_is_refused() -> None:
    with pytest.raises(EncodingError):
        strict_json("[" * 100_000)
    node: Json = {"leaf": [[], []]}
    for _ in range(5000):
        node = {"bounds": ["m", "x", node]}
    with pytest.raises(EncodingError):
        decode(node)


def test_an_error_carries_what_was_found() -> None:
    with pytest.raises(EncodingError) as caught:
        decode({"leaf": [[[0.5, "goal"]], []]})
    assert caught.value.found == 0.5
