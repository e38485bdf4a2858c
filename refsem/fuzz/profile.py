"""The profile of a platform: probes, accuracy, and the measured order of its reductions.

Everything in it is data of plain strings and numbers, so that it can be made in another process.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from refsem.errors import InputError
from refsem.fuzz.accuracy import (
    IN_BINARY64,
    Accuracy,
    exhaustive,
    measurable,
    sampled,
)
from refsem.fuzz.confirmation import Measured, Products
from refsem.fuzz.guarded import Report, alarmed, in_child
from refsem.fuzz.measure import measure
from refsem.fuzz.orders import describe
from refsem.fuzz.probes import Row, probe
from refsem.fuzz.targets.loading import load_target
from refsem.fuzz.targets.target import Target
from refsem.kernel.loops import Array

TRIALS = 12
BATCH, ROWS = 33, 16
"""The batch a row is put into, and the most rows and columns of a measured product."""
EVERY_PATTERN = 1 << 32


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a profile measures beyond the probes."""

    sizes: tuple[int, ...]
    samples: int
    patterns: int
    """How many patterns are checked one after the other instead of samples; 0: none."""


@dataclass(frozen=True, slots=True)
class Reduction:
    """A reduction of one size: its order in words, and whether that order gives its bits."""

    name: str
    size: int
    order: str
    confirmed: bool
    trials: int
    in_kernel: bool
    """Whether the kernel ran it too, with the same bits."""
    unresolved: int
    sums: tuple[tuple[tuple[int, ...], str], ...]
    """The addends and the precision of each sum, terms numbered from 0, then sums."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What a platform does."""

    target: str
    rows: tuple[Row, ...]
    accuracies: tuple[Accuracy, ...]
    reductions: tuple[Reduction, ...]


def profile_named(
    text: str, operations: tuple[str, ...], wanted: Wanted, report: Report
) -> Profile:
    """The profile of the target of that name."""
    return profile(load_target(text, operations), wanted, report)


def guarded_profile(
    text: str, operations: tuple[str, ...], wanted: Wanted, patience: float, report: Report
) -> Profile:
    """The profile of the target of that name; a library is loaded in a child.

    Raises `InputError` where the target cannot be had, ends its process, or is silent so long.
    """
    if text.startswith("onnxruntime:"):
        raise InputError("", text, "whole graphs are fuzzed, not profiled")
    if text.startswith("library:"):
        arguments = text, operations, wanted
        found: Profile = in_child(text, profile_named, arguments, patience, report)
        return found
    with alarmed(text, patience, report) as put_off:
        return profile_named(text, operations, wanted, put_off)


def profile(target: Target, wanted: Wanted, report: Report) -> Profile:
    """The profile of a target."""
    rows = [*probe(target), *_batch_rows(target)]
    report("probes", 1, 1)
    accuracies = _accuracies(target, wanted, report)
    reductions: list[Reduction] = []
    work = [(name, size) for name in target.reductions for size in wanted.sizes]
    for done, (name, size) in enumerate(work, start=1):

        def told(done: int = done, name: str = name, size: int = size) -> None:
            report(f"{name} {size}", done - 1, len(work))

        reductions.append(reduction(target, name, size, told))
    return Profile(target.name, tuple(rows), tuple(accuracies), tuple(reductions))


def _accuracies(target: Target, wanted: Wanted, report: Report) -> list[Accuracy]:
    found = []
    for name in measurable(target):
        if wanted.patterns and name in IN_BINARY64:

            def told(done: int, count: int, name: str = name) -> None:
                report(name, done, count)

            found.append(exhaustive(target, name, 0, wanted.patterns, told))
        elif wanted.samples:
            found.append(sampled(target, name, wanted.samples))
            report(name, 1, 1)
    return found


def reduction(target: Target, name: str, size: int, told: Callable[[], None]) -> Reduction:
    """The measured order of one reduction; each time it is asked is told."""
    products = name != "sum"
    asked = as_products(target, name)

    def asking(x: Array, y: Array) -> np.float32:
        told()
        return asked(x, y)

    measured = measure(asking, size, TRIALS, products=products)
    order = measured.order
    words = describe(order)
    if name == "matmul" and not _alike_everywhere(target, size, measured):
        words += ", other entries in another order"
    return Reduction(
        name,
        size,
        words,
        measured.confirmed,
        measured.trials,
        measured.in_kernel,
        len(order.unresolved),
        tuple((total.addends, f"{total.format_.precision} bits") for total in order.sums),
    )


def as_products(target: Target, name: str) -> Products:
    """A reduction as a function of terms and factors; of a matrix product, its first entry."""
    function = target.reductions[name]
    if name != "matmul":
        return lambda x, y: _number(function(x, y))
    return lambda x, y: _number(_product(function, x, y)[0, 0])


def _number(result: Array) -> np.float32:
    """One binary32 result; another type is converted, which the confirmation will notice."""
    value: np.float32 = np.asarray(result).astype(np.float32).reshape(-1)[0]
    return value


def _product(function: Callable[..., Array], x: Array, y: Array) -> Array:
    """The product of equal rows with equal columns."""
    rows = min(ROWS, x.size)
    left, right = np.tile(x, (rows, 1)), np.ascontiguousarray(np.tile(y, (rows, 1)).T)
    return np.asarray(function(left, right))


def _alike_everywhere(target: Target, size: int, measured: Measured) -> bool:
    """Whether equal rows and columns give equal entries throughout."""
    random = np.random.Generator(np.random.PCG64(measured.trials))
    for _ in range(TRIALS):
        x, y = (random.standard_normal(size).astype(np.float32) for _ in range(2))
        entries = _product(target.reductions["matmul"], x, y)
        if not bool((entries == entries[0, 0]).all()):
            return False
    return True


def _batch_rows(target: Target) -> list[Row]:
    """Whether a row of a product depends on the rows beside it."""
    if "matmul" not in target.reductions:
        return []
    matmul = target.reductions["matmul"]
    random = np.random.Generator(np.random.PCG64(BATCH))
    weights = random.standard_normal((64, 64)).astype(np.float32)
    batch = random.standard_normal((BATCH, 64)).astype(np.float32)
    alone = np.asarray(matmul(batch[:1], weights)).view(np.uint32)[0]
    among = np.asarray(matmul(batch, weights)).view(np.uint32)[0]
    column = np.ascontiguousarray(batch[:1].T)
    vector = np.asarray(matmul(np.ascontiguousarray(weights.T), column)).view(np.uint32)[:, 0]
    return [
        Row("batch", f"a row alone and among {BATCH}", _differing(alone, among)),
        Row("batch", f"W·x and the same row among {BATCH}", _differing(vector, among)),
    ]


def _differing(one: Array, other: Array) -> str:
    count = int((one != other).sum())
    return f"{count} of {one.size} outputs differ" if count else "the same"
