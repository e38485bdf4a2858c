"""Properties of rounding: decided on tiny formats, every one needed as it is, true on binary32."""

import itertools
import random
from collections.abc import Iterator
from dataclasses import replace

import pytest
from gmpy2 import mpq

from refsem.ir.readings import evaluate, holds
from refsem.ir.terms import Term, equal
from refsem.obligations.exhaustive import Near, cells, counterexample
from refsem.rounding import (
    BINARY16,
    BINARY32,
    Format,
    Mode,
    exact_value,
    greatest_finite,
    next_up,
    power_of_two,
    round_to,
)
from refsem.rules.rounding_properties import (
    DIRECTED,
    EVERY,
    NEAREST,
    PROPERTIES,
    Property,
    Range,
    above,
    below,
    constants,
    doubling,
    error,
    error_below_power,
    keeps_values,
    least,
    monotone,
    odd,
    p,
    r,
    step,
    sterbenz,
    sum_error,
    t,
    unit,
    x,
    y,
)

SMALLEST = Format(2, 2)
TINY = (SMALLEST, Format(3, 2), Format(2, 3))
PAIRS = [
    pytest.param(
        one,
        format_,
        id=f"{one.name}-{format_.precision}-{format_.exponent_bits}",
        marks=pytest.mark.nightly if one is monotone and format_ != SMALLEST else (),
    )
    for one in PROPERTIES
    for format_ in TINY
]


@pytest.mark.parametrize(("one", "format_"), PAIRS)
def test_a_property_holds_for_all_reals_of_a_tiny_format(one: Property, format_: Format) -> None:
    assert [mode for mode in one.modes if counterexample(one, format_, mode) is not None] == []


@pytest.mark.nightly
@pytest.mark.parametrize("format_", [Format(3, 3), Format(4, 3), Format(4, 2)])
def test_the_properties_of_more_formats(format_: Format) -> None:
    for one in PROPERTIES:
        if one is not monotone:
            for mode in one.modes:
                assert counterexample(one, format_, mode) is None


# what is almost a property fails somewhere

HALF = mpq(1, 2)
BARELY = mpq(63, 64)
"""Less than one, by less than the gaps of a tiny format can hide."""

WRONG = {
    "rounding up stays below": (replace(below, modes=(Mode.RTP,)), Mode.RTP),
    "rounding to nearest stays below": (replace(below, modes=(Mode.RNE,)), Mode.RNE),
    "rounding down stays above": (replace(above, modes=(Mode.RTN,)), Mode.RTN),
    "truncation stays above": (replace(above, modes=(Mode.RTZ,)), Mode.RTZ),
    "strictly monotone": (replace(monotone, premises=(x < y,), conclusion=r < p), Mode.RNE),
    "every real is kept": (replace(keeps_values, inputs={"x": Range.REAL}), Mode.RNE),
    "rounding down is odd": (replace(odd, modes=(Mode.RTN,)), Mode.RTN),
    "doubling reals": (replace(doubling, inputs={"x": Range.REAL}), Mode.RTP),
    "Sterbenz beyond two": (replace(sterbenz, premises=(x <= 4 * y, y <= 4 * x)), Mode.RNE),
    "Sterbenz for sums": (
        replace(
            sterbenz,
            results=(replace(sterbenz.results[0], argument=x + y),),
            conclusion=equal(r, x + y),
        ),
        Mode.RNE,
    ),
    "sums of reals": (
        replace(sum_error, inputs={"x": Range.REAL, "y": Range.VALUE}),
        Mode.RNE,
    ),
}
for _mode in (*NEAREST, *DIRECTED):
    WRONG |= {
        f"no absolute error, {_mode.value}": (
            replace(error, conclusion=abs(r - t) <= unit * abs(t)),
            _mode,
        ),
        f"no relative error, {_mode.value}": (
            replace(error, conclusion=abs(r - t) <= least),
            _mode,
        ),
        f"a smaller absolute error, {_mode.value}": (
            replace(error, conclusion=abs(r - t) <= unit * abs(t) + BARELY * HALF * least),
            _mode,
        ),
        f"a smaller relative error, {_mode.value}": (
            replace(error, conclusion=abs(r - t) <= HALF * unit * abs(t) + least),
            _mode,
        ),
        f"a smaller step, {_mode.value}": (
            replace(error_below_power, conclusion=abs(r - t) <= BARELY * step),
            _mode,
        ),
        f"a smaller error of sums, {_mode.value}": (
            replace(sum_error, conclusion=abs(r - (x + y)) <= HALF * unit * abs(x + y)),
            _mode,
        ),
    }


@pytest.mark.parametrize("name", WRONG)
def test_what_is_almost_a_property_is_refuted(name: str) -> None:
    one, mode = WRONG[name]
    assert any(counterexample(one, format_, mode) is not None for format_ in TINY)


# the numbers v + s·ε


def test_numbers_near_a_breakpoint_are_ordered_and_rounded_as_they_are() -> None:
    found = cells(SMALLEST)
    positions = list(found.positions(Range.REAL))
    assert positions[0] == Near(-found.values[-1], mpq(0))
    assert len(positions) == 3 * len(found.breakpoints) - 2
    tiny = mpq(1, 1000)
    for mode, one in itertools.product(EVERY, positions):
        rounded = found.rounded(mode, one)
        bits = round_to(SMALLEST, mode, one.value + one.slope * tiny, 0)
        assert rounded == Near(exact_value(SMALLEST, bits), mpq(0))
    for one, other in itertools.pairwise(sorted(positions)):
        assert one.value + one.slope * tiny < other.value + other.slope * tiny


def test_beyond_the_greatest_value_nothing_is_claimed() -> None:
    found = cells(SMALLEST)
    greatest = found.values[-1]
    for outside in (Near(greatest, mpq(1)), Near(-greatest, mpq(-1)), Near(2 * greatest, mpq(0))):
        assert found.rounded(Mode.RNE, outside) is None


# binary32: what the arguments say of it, and the properties at many points


def test_neighbours_of_every_binade_are_as_far_apart_as_the_arguments_say() -> None:
    for format_ in (BINARY16, BINARY32):
        for mode in EVERY:
            numbers = constants(format_, mode, None)
            relative, absolute = (evaluate(numbers[name], {}) for name in ("unit", "least"))
            double = 2 if mode in NEAREST else 1
            first = format_.least_normal
            assert exact_value(format_, 1) == double * absolute
            for start in range(first, format_.infinity, first):
                low = exact_value(format_, start)
                for bits in (start, start + first - 2):
                    gap = exact_value(format_, bits + 1) - exact_value(format_, bits)
                    assert gap == double * relative * low
                if start > first:
                    below_ = low - exact_value(format_, start - 1)
                    assert below_ == double * relative * low / 2


def binary32_numbers(source: random.Random) -> Iterator[mpq]:
    """Values, midpoints and numbers next to them, of every size and sign."""
    edges = [0, 1, 2, 0x7FFFFF, 0x800000, 0x800001, 0x3F800000, 0x7F7FFFFE]
    for bits in [*edges, *(source.randrange(0x7F7FFFFF) for _ in range(40))]:
        low = exact_value(BINARY32, bits)
        high = exact_value(BINARY32, next_up(BINARY32, bits))
        for share in (
            mpq(0),
            mpq(1, 2),
            mpq(1, 2) - mpq(1, 10**9),
            mpq(1, 3),
            mpq(10**9 - 1, 10**9),
        ):
            yield source.choice((1, -1)) * (low + share * (high - low))


@pytest.mark.parametrize("one", PROPERTIES, ids=lambda one: one.name)
def test_a_property_holds_on_binary32_wherever_it_is_tried(one: Property) -> None:
    source = random.Random(one.name)  # noqa: S311  repeatable, not secret
    numbers = list(binary32_numbers(source))
    values = [n for n in numbers if n == _rounded(Mode.RTN, n)]
    greatest = greatest_finite(BINARY32)
    tried = 0
    for _ in range(300):
        exponent = source.randrange(-126, 128) if one.exponents else None
        point = {
            name: source.choice(values if range_ is Range.VALUE else numbers)
            for name, range_ in one.inputs.items()
        }
        if one is sterbenz:
            point["y"] = _rounded(Mode.RTZ, point["x"] * source.randrange(50, 200) / 100)
        mode = source.choice(one.modes)
        fixed = constants(BINARY32, mode, exponent)
        point |= {name: evaluate(value, {}) for name, value in fixed.items()}
        arguments = [evaluate(result.argument, point) for result in one.results]
        if any(abs(argument) > greatest for argument in arguments):
            continue
        if all(holds(premise, point) for premise in one.premises):
            for result, argument in zip(one.results, arguments, strict=True):
                point[str(result.variable.head)] = _rounded(result.mode or mode, argument)
            assert holds(one.conclusion, point)
            tried += 1
    assert tried > 40


def _rounded(mode: Mode, value: mpq) -> mpq:
    return exact_value(BINARY32, round_to(BINARY32, mode, value, 0))


def test_a_side_is_the_conclusion_about_the_terms_given() -> None:
    a = Term("a")
    side = below.side("product", t=a * 2, r=a)
    assert side.relation == (a <= a * 2)
    assert side.because == below.because


def test_the_constants_of_binary32_are_the_usual_ones() -> None:
    nearest, directed = (constants(BINARY32, mode, None) for mode in (Mode.RNE, Mode.RTZ))
    assert [evaluate(nearest[n], {}) for n in ("unit", "least")] == [
        power_of_two(-24),
        power_of_two(-150),
    ]
    assert [evaluate(directed[n], {}) for n in ("unit", "least")] == [
        power_of_two(-23),
        power_of_two(-149),
    ]
    at_one = constants(BINARY32, Mode.RNE, 0)
    assert evaluate(at_one["step"], {}) == power_of_two(-25)
    assert evaluate(at_one["power"], {}) == 1
