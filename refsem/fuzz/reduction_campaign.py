"""Reductions fuzzed: `sum` and `dot` beside the order they were measured to have.

For each number of terms the order is measured first, and confirmed. A confirmed order that the
kernel has all steps of is run there on the same operands, infinities and NaNs among them: anything
else is a mismatch. Where no order is confirmed, finite operands are held against the bound that
every order in binary32 or wider keeps (`refsem.fuzz.graphs`): less is asked, and it is said so.

Operands are drawn by corner-case class from the seed: the operands of delicate sums and products,
side by side, and the same cancelled term by term.
"""

from dataclasses import dataclass, replace
from functools import cache, partial
from random import Random

import numpy as np
from gmpy2 import mpq

from refsem.fuzz.division import Batch, Budget, Course, Hands, Place, concluded, divided, follow
from refsem.fuzz.generators import Corner, draw
from refsem.fuzz.graphs import OVERFLOW, contracted, exactly
from refsem.fuzz.guarded import Report
from refsem.fuzz.kernel_order import kernel_tree
from refsem.fuzz.measure import measure
from refsem.fuzz.operations import BY_NAME
from refsem.fuzz.orders import describe
from refsem.fuzz.simpler import Inputs, complexity, simple
from refsem.fuzz.targets.loading import load_target
from refsem.fuzz.targets.target import Target
from refsem.kernel.loops import Array
from refsem.kernel.reductions import reduce_dot, reduce_sum
from refsem.kernel.trees import Tree
from refsem.rounding import BINARY32, RISCV, Mode, exact_value

NAMES = ("sum", "dot")
SIZES = (1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 33, 64, 100)
TRIALS = 6
"""Random operands on which a measured order is confirmed."""
BATCH = 4 * len(SIZES)
WORTH_A_PROCESS = 4_000
"""Cases from which starting processes pays: each measures the orders anew."""
ONE, INFINITY, MAGNITUDE = 0x3F800000, 0x7F800000, 0x7FFFFFFF


@dataclass(frozen=True, slots=True)
class Expected:
    """What a reduction of so many terms is held against."""

    name: str
    size: int
    tree: Tree | None
    """The order, if one was confirmed and the kernel has its steps."""
    words: str


@dataclass(frozen=True, slots=True)
class ReductionFinding:
    """Operands, as patterns, on which a reduction gives what its order does not."""

    name: str
    x: tuple[int, ...]
    y: tuple[int, ...]
    """Empty for a sum."""
    got: int
    expected: str
    """The pattern, or the ends between which every order lies, as fractions."""
    order: str


@dataclass(frozen=True, slots=True)
class ReductionPlan:
    """Everything that decides what a campaign on reductions asks."""

    target: str
    names: tuple[str, ...]
    seed: int


@dataclass(frozen=True, slots=True)
class ReductionsFound:
    """What a campaign on reductions gave so far."""

    course: Course[ReductionFinding]
    """Its findings are the simplest of each reduction, shrunk."""
    orders: tuple[tuple[str, int, str, bool], ...]
    """Reduction, number of terms, the order in words, and whether results are held against it."""


def run_reductions(
    plan: ReductionPlan,
    budget: Budget,
    start: Course[ReductionFinding],
    processes: int,
    patience: float,
    report: Report,
) -> ReductionsFound:
    """The campaign continued until the budget is spent; modules and libraries run in children.

    Raises `InputError` where the target cannot be had, ends its process, or is silent so long.
    """
    child = plan.target.startswith(("library:", "python:"))
    place = Place(plan.target, child, processes, WORTH_A_PROCESS, patience)
    check = partial(loaded, plan)
    return divided(_run, (plan, budget, start), budget, place, check, report)


def _run(
    hands: Hands, plan: ReductionPlan, budget: Budget, start: Course[ReductionFinding]
) -> ReductionsFound:
    batch = partial(run_batch, plan, hands.aside)
    course = follow(hands, batch, (BATCH,), start, budget, simplest)
    if course.findings:
        shrunk = concluded(hands, shrink_findings, plan, hands.aside, course.findings)
        course = replace(course, findings=shrunk)
    cases = range(start.next_batch * BATCH, course.next_batch * BATCH)[: budget.count]
    return ReductionsFound(course, concluded(hands, orders_of, plan, hands.aside, cases))


@cache
def loaded(plan: ReductionPlan) -> Target:
    """The target, loaded once in a process."""
    return load_target(plan.target, plan.names)


@cache
def _expected(plan: ReductionPlan, name: str, size: int, report: Report) -> Expected:
    """What a reduction is held against, measured once in a process."""
    return _expectation(loaded(plan), name, size, report)


def _asked(plan: ReductionPlan, number: int) -> tuple[str, int]:
    """The reduction of a case and its number of terms."""
    names = plan.names
    return names[number % len(names)], SIZES[number // len(names) % len(SIZES)]


def run_batch(
    plan: ReductionPlan, report: Report, number: int, limit: int
) -> Batch[ReductionFinding]:
    """The batch of that number, of `limit` cases."""
    checked, found = 0, []
    for case in range(number * BATCH, number * BATCH + limit):
        name, size = _asked(plan, case)
        expected = _expected(plan, name, size, report)
        inputs = operands(name, size, plan.seed, case)
        verdict = _judge(loaded(plan), expected, inputs)
        checked += verdict is not None
        if verdict is not None and verdict.wrong:
            found.append(_finding(expected, inputs, verdict))
    return Batch(checked, len(found), simplest(tuple(found)))


def simplest(findings: tuple[ReductionFinding, ...]) -> tuple[ReductionFinding, ...]:
    """The simplest finding of each reduction."""
    best: dict[str, ReductionFinding] = {}
    for finding in findings:
        other = best.get(finding.name)
        if other is None or complexity(_inputs(finding)) < complexity(_inputs(other)):
            best[finding.name] = finding
    return tuple(best.values())


def orders_of(
    plan: ReductionPlan, report: Report, cases: range
) -> tuple[tuple[str, int, str, bool], ...]:
    """What the results of these cases were held against."""
    asked = dict.fromkeys(_asked(plan, case) for case in cases[: len(plan.names) * len(SIZES)])
    found = [_expected(plan, name, size, report) for name, size in asked]
    return tuple((one.name, one.size, one.words, one.tree is not None) for one in found)


def _expectation(target: Target, name: str, size: int, report: Report) -> Expected:
    """The order measured; one that is not confirmed is not believed."""
    products = name == "dot"
    function = target.reductions[name]

    def asked(x: Array, y: Array) -> np.float32:
        report(f"order of {name} of {size}", 0, 0)
        return np.float32(np.asarray(function(x, y), np.float32).reshape(-1)[0])

    measured = measure(asked, size, TRIALS, products=products)
    words = describe(measured.order)
    if not measured.confirmed:
        return Expected(name, size, None, f"no order confirmed (it looked like: {words})")
    tree = kernel_tree(measured.order)
    return Expected(name, size, tree if isinstance(tree, Tree) else None, words)


_CORNERS = tuple(corner for corner in Corner if corner is not Corner.NAN_PAYLOADS)


def operands(name: str, size: int, seed: int, number: int) -> Inputs:
    """The operands of one case."""
    source = Random(f"{name} {seed} {number}")  # noqa: S311  repeatable, not secret
    corner = source.choice(_CORNERS)
    x = _patterns(corner, size, source)
    if source.randrange(3) == 0:
        # The later half cancels the earlier one, but for its last term.
        half = size // 2
        x[size - half :] = x[:half] ^ np.uint32(1 << 31)
        x[-1] = source.getrandbits(32)
    if source.randrange(16) == 0:
        (pattern, *_) = draw(BY_NAME["add"], Corner.NAN_PAYLOADS, source)
        x[source.randrange(size)] = pattern
    return {"x": x} if name == "sum" else {"x": x, "y": _factors(corner, size, source)}


def _patterns(corner: Corner, size: int, source: Random) -> Array:
    """Operands of delicate sums, side by side."""
    drawn: list[int] = []
    while len(drawn) < size:
        drawn += draw(BY_NAME["add"], corner, source)
    return np.array(drawn[:size], np.uint32)


def _factors(corner: Corner, size: int, source: Random) -> Array:
    """Ones, powers of two, or operands like the others."""
    style = source.randrange(3)
    if style == 0:
        return np.full(size, ONE, np.uint32)
    if style == 1:
        return np.array([source.randint(100, 150) << 23 for _ in range(size)], np.uint32)
    return _patterns(corner, size, source)


@dataclass(frozen=True, slots=True)
class _Verdict:
    got: int
    expected: str
    wrong: bool


def _judge(target: Target, expected: Expected, inputs: Inputs) -> _Verdict | None:
    """The answer judged; `None` where nothing can be said."""
    x = inputs["x"]
    y = inputs.get("y", np.full(x.size, ONE, np.uint32))
    with np.errstate(all="ignore"):
        answer = target.reductions[expected.name](x.view(np.float32), y.view(np.float32))
    got = int(np.asarray(answer, np.float32).reshape(-1)[0].view(np.uint32))
    if expected.tree is None:
        return _between(got, x, y)
    if expected.name == "sum":
        bits, _ = reduce_sum(Mode.RNE, x, expected.tree, RISCV)
    else:
        bits, _ = reduce_dot(Mode.RNE, x, y, expected.tree, RISCV)
    right = int(bits)
    nans = got & MAGNITUDE > INFINITY and right & MAGNITUDE > INFINITY
    return _Verdict(got, f"{right:08X}", got != right and not nans)


def _between(got: int, x: Array, y: Array) -> _Verdict | None:
    """The answer beside the bound of every order, for operands far from overflow."""
    if ((x & MAGNITUDE) >= INFINITY).any() or ((y & MAGNITUDE) >= INFINITY).any():
        return None
    one, other = exactly(x), exactly(y)
    if sum(abs(one.lower * other.lower), mpq(0)) >= OVERFLOW:
        return None
    between = contracted(one, other, None, mpq(1), mpq(1))
    ends = between.lower, between.upper
    finite = got & MAGNITUDE < INFINITY
    inside = finite and ends[0] <= exact_value(BINARY32, got) <= ends[1]
    return _Verdict(got, f"{ends[0]} to {ends[1]}", not inside)


def shrink_findings(
    plan: ReductionPlan, report: Report, findings: tuple[ReductionFinding, ...]
) -> tuple[ReductionFinding, ...]:
    """The findings with zeros and short numbers in as many places as keep them findings."""
    return tuple(_shrunk(plan, finding, report) for finding in findings)


def _shrunk(plan: ReductionPlan, finding: ReductionFinding, report: Report) -> ReductionFinding:
    expected = _expected(plan, finding.name, len(finding.x), report)

    def judged(inputs: Inputs) -> _Verdict | None:
        report(f"shrinking {finding.name}", 0, 0)
        verdict = _judge(loaded(plan), expected, inputs)
        return verdict if verdict is not None and verdict.wrong else None

    found = simple(_inputs(finding), lambda inputs: judged(inputs) is not None)
    verdict = judged(found)
    # A finding of an earlier run may be none any more: it stays as it was recorded.
    return finding if verdict is None else _finding(expected, found, verdict)


def _finding(expected: Expected, inputs: Inputs, verdict: _Verdict) -> ReductionFinding:
    x, y = (tuple(inputs[key].tolist()) if key in inputs else () for key in ("x", "y"))
    return ReductionFinding(expected.name, x, y, verdict.got, verdict.expected, expected.words)


def _inputs(finding: ReductionFinding) -> Inputs:
    rows = {"x": finding.x, "y": finding.y} if finding.y else {"x": finding.x}
    return {name: np.array(row, np.uint32) for name, row in rows.items()}


@dataclass(frozen=True, slots=True)
class Exports:
    """What a library has that can be fuzzed."""

    functions: bool
    reductions: tuple[str, ...]


def exports_of(text: str, report: Report) -> Exports:
    """What the library of that name exports; loading it runs its code."""
    del report
    target = load_target(text, ())
    return Exports(bool(target.functions), tuple(n for n in NAMES if n in target.reductions))
