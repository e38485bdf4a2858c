"""Planted errors are found within a bounded number of boxes; right bounds pass."""

from collections.abc import Iterator

import numpy as np
import pytest
from gmpy2 import mpq
from hunted import PLANTED, RIGHT, Answer, Array, Planted, relu
from hunted import Producer as Function

from refsem.binary32.catalogue import Kind
from refsem.hunt.campaign import BATCH, Batch, Plan, run_batch
from refsem.hunt.judging import Finding
from refsem.hunt.producer import Producer, load_producer
from refsem.hunt.shrink import complexity, shrink
from refsem.hunt.statement import subjects

SEEDS = (1, 2)


def batches(operator: str, function: Function, seed: int, boxes: int) -> Iterator[Batch]:
    plan = Plan("test", operator, (), Kind.BINARY32, seed)
    producer = Producer("test", function, "")
    for number in range(boxes // BATCH):
        yield run_batch(producer, plan, number, BATCH)


def first(planted: Planted, seed: int) -> Finding | None:
    for batch in batches(planted.operator, planted.producer, seed, planted.boxes):
        for finding in batch.findings:
            if (finding.claim, finding.kind.value) == (planted.claim, planted.kind):
                return finding
    return None


@pytest.mark.parametrize("planted", PLANTED, ids=lambda p: p.producer.__name__)
def test_a_planted_error_is_found_whatever_the_seed(planted: Planted) -> None:
    assert [first(planted, seed) is not None for seed in SEEDS] == [True] * len(SEEDS)


@pytest.mark.parametrize("operator", RIGHT)
def test_right_bounds_are_passed_over(operator: str) -> None:
    # a quotient of exponentials far apart takes exact numbers of a million digits
    boxes = BATCH if operator == "softmax" else 4 * BATCH
    for batch in batches(operator, RIGHT[operator], 5, boxes):
        assert batch.false == 0, batch.findings[0]
        assert batch.checked > batch.unclaimed


@pytest.mark.parametrize("planted", PLANTED[:4], ids=lambda p: p.producer.__name__)
def test_a_finding_shrinks_and_stays_what_it_is(planted: Planted) -> None:
    finding = first(planted, 1)
    assert finding is not None
    shrunk = shrink(Producer("test", planted.producer, ""), finding)
    assert (shrunk.claim, shrunk.kind) == (finding.claim, finding.kind)
    assert complexity(shrunk) <= complexity(finding)
    assert not shrunk.before
    assert not shrunk.after


def test_the_sliver_shrinks_to_short_ends() -> None:
    (planted,) = (p for p in PLANTED if p.producer.__name__ == "clipped_sliver")
    finding = first(planted, 1)
    assert finding is not None
    shrunk = shrink(Producer("test", planted.producer, ""), finding)
    assert shrunk.box == ((-2.0, 2.0**-10),)
    assert shrunk.violation is not None
    assert shrunk.violation.amount == mpq(1, 1024)


def test_a_fixed_attribute_is_not_shrunk() -> None:
    (planted,) = (p for p in PLANTED if p.producer.__name__ == "any_slope")
    producer = Producer("test", planted.producer, "")
    fixed = ("alpha", mpq(11, 4))
    plan = Plan("test", "leaky_relu", (fixed,), Kind.BINARY32, 1)
    (finding, *_) = run_batch(producer, plan, 0, 64).findings
    assert shrink(producer, finding, {"alpha"}).statement.attributes == (fixed,)
    assert shrink(producer, finding).statement.attributes == (("alpha", mpq(2)),)


def test_a_claim_that_is_false_in_company_only_is_shown_with_it() -> None:
    def infected(_op: str, lower: Array, upper: Array) -> Answer:
        found = relu("relu", lower, upper)
        after = np.cumsum(lower[0] < -1000) > 0
        return found | {"upper": np.where(after, found["upper"] - 1, found["upper"])}

    def caught(op: str, lower: Array, upper: Array) -> Answer:
        alone = lower.shape[1] == 1
        return relu(op, lower, upper) if alone else infected(op, lower, upper)

    producer = Producer("test", caught, "")
    plan = Plan("test", "relu", (), Kind.BINARY32, 1)
    batch = run_batch(producer, plan, 0, 64)
    finding = next(f for f in batch.findings if f.claim == "upper" and f.box[0][0] >= -1000)
    shrunk = shrink(producer, finding)
    assert len(shrunk.before) == 1
    assert shrunk.before[0][0][0] < -1000
    assert not shrunk.after


@pytest.mark.parametrize("operator", ["relu", "mul", "div", "hard_swish", "tanh", "softmax"])
def test_our_own_producer_is_right_in_both_formats(operator: str) -> None:
    producer = load_producer("refsem")
    for kind in (Kind.BINARY32, Kind.BINARY64):
        batch = run_batch(producer, Plan("refsem", operator, (), kind, 2), 0, 48)
        assert batch.false == 0, batch.findings[0]
        assert batch.checked - batch.unclaimed > batch.checked // 2


@pytest.mark.nightly
@pytest.mark.parametrize("operator", [found.operator for found in subjects()])
def test_our_own_producer_is_right_on_every_operator(operator: str) -> None:
    producer = load_producer("refsem")
    for kind in (Kind.BINARY32, Kind.BINARY64):
        for number in range(4):
            batch = run_batch(producer, Plan("refsem", operator, (), kind, 3), number, BATCH)
            assert batch.false == 0, batch.findings[0]


@pytest.mark.nightly
@pytest.mark.parametrize("planted", PLANTED, ids=lambda p: p.producer.__name__)
def test_a_planted_error_is_found_by_twenty_seeds(planted: Planted) -> None:
    assert [seed for seed in range(100, 120) if first(planted, seed) is None] == []
