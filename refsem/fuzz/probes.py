"""What a platform does on single operands that tell semantics apart.

Each probe asks a target a few calls and says in words what the answers mean; the bits are shown
where the words are not enough. A target that lacks the operation gives no row. Sources: IEEE 754
leaves these choices open, or forbids them, and platforms differ.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from refsem.binary32.catalogue import Call
from refsem.fuzz.generators import Corner, cases
from refsem.fuzz.operations import BY_NAME
from refsem.fuzz.targets.target import Target, hardware_directions, host_arrays
from refsem.rounding import RISCV, Mode

ONE, TWO, HALF = 0x3F800000, 0x40000000, 0x3F000000
QUIET, PAYLOAD, OTHER_PAYLOAD, SIGNALLING = 0x7FC00000, 0x7FC00001, 0x7FC00002, 0x7F800001
INFINITY, MINUS_ZERO, LEAST_NORMAL = 0x7F800000, 0x80000000, 0x00800000
_CASES = 400


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a profile: a topic, what was asked, and what the platform does."""

    topic: str
    asked: str
    does: str


def answer(target: Target, name: str, *operands: int) -> int | None:
    """The target's pattern for one call; `None` if it lacks the operation or answers another."""
    if name not in target.functions:
        return None
    arrays = host_arrays(BY_NAME[name].operands, [operands])
    modes = target.functions[name].modes or (Mode.RNE,)
    answers = target.functions[name].run(modes[0], arrays, RISCV)
    return None if answers.foreign else answers.patterns[0]


def probe(target: Target) -> Iterator[Row]:
    """All probes of scalar operations."""
    yield from _directions(target)
    yield from _subnormals(target)
    yield from _contraction(target)
    yield from _nans(target)
    yield from _extrema(target)
    yield from _integers(target)
    yield from _subnormal_functions(target)


def _directions(target: Target) -> Iterator[Row]:
    """Whether each operation rounds as the hardware is set to."""
    names = [name for name in ("add", "mul", "div", "sqrt", "fma") if name in target.functions]
    for mode in target.modes if target.exact_nans else hardware_directions():
        found = {name: _modes_of(target, name, mode) for name in names}
        departing = {name: modes for name, modes in found.items() if mode not in modes}
        words = [
            f"{name} {' or '.join(m.value for m in modes) or 'in none of the five modes'}"
            for name, modes in departing.items()
        ]
        if found:
            yield Row("rounding", f"set to {mode.value}", ", ".join(words) or "honoured")


def _modes_of(target: Target, name: str, direction: Mode) -> tuple[Mode, ...]:
    """The modes that explain the target's answers on normal results, the hardware set to one.

    Quotients and roots are never ties: RNE and RNA explain them alike.
    """
    operation = BY_NAME[name]
    aimed = (case for case in islice(cases(operation, 0), _CASES) if case.corner in _NORMAL)
    rows = [case.operands for case in aimed]
    expected = {
        mode: [operation.evaluate(Call(mode, row, False, RISCV))[0] for row in rows]
        for mode in Mode
    }
    got = target.functions[name].run(direction, host_arrays(operation.operands, rows), RISCV)
    normal = [
        place
        for place, row in enumerate(zip(*expected.values(), strict=True))
        if all(LEAST_NORMAL < bits & 0x7FFFFFFF < INFINITY for bits in row)
    ]
    return tuple(
        mode
        for mode in Mode
        if all(expected[mode][place] == got.patterns[place] for place in normal)
    )


_NORMAL = (Corner.TIES, Corner.DOUBLE_ROUNDING, Corner.EXPONENT_GAPS, Corner.CANCELLATION)


def _subnormals(target: Target) -> Iterator[Row]:
    flushed = answer(target, "mul", LEAST_NORMAL, HALF)
    if flushed is not None:
        yield Row("subnormal", "2^-126 · 0.5", _kept(flushed, 0x00400000, "results flushed"))
    read = answer(target, "mul", 1, 0x71800000)
    if read is not None:
        yield Row("subnormal", "2^-149 · 2^100", _kept(read, 0x27000000, "operands read as zero"))
    both = answer(target, "add", 1, 1)
    if both is not None:
        yield Row("subnormal", "2^-149 + 2^-149", _kept(both, 2, "flushed or read as zero"))


def _kept(got: int, right: int, otherwise: str) -> str:
    if got == right:
        return "kept"
    return otherwise if not got & 0x7FFFFFFF else f"{got:08X}"


def _contraction(target: Target) -> Iterator[Row]:
    for name in ("mul_add", "fma"):
        fused = answer(target, name, 0x3F800001, 0x3F800001, 0xBF800002)
        if fused is None:
            continue
        does = {0x28800000: "fused: one rounding", 0: "product rounded first"}
        words = does.get(fused, f"{fused:08X}")
        if fused == 0x28800000:
            twice = answer(target, name, 0x3F800001, 0x3F7FFFFE, 0x4B800001)
            if twice == 0x4B800002:
                words = "through binary64: rounded twice"
        yield Row("contraction", f"{name}: x·y + z", words)


def _nans(target: Target) -> Iterator[Row]:
    yield from _bits(target, "NaN bits", "add", (PAYLOAD, OTHER_PAYLOAD))
    yield from _bits(target, "NaN bits", "add", (OTHER_PAYLOAD, PAYLOAD))
    yield from _bits(target, "NaN bits", "add", (SIGNALLING, ONE))
    yield from _bits(target, "NaN bits", "div", (0, 0))


def _bits(target: Target, topic: str, name: str, operands: tuple[int, ...]) -> Iterator[Row]:
    got = answer(target, name, *operands)
    if got is not None:
        shown = ", ".join(f"{bits:08X}" for bits in operands)
        yield Row(topic, f"{name}({shown})", f"{got:08X}")


EXTREMA = ("minimum", "maximum", "minimum_number", "maximum_number", "min_num", "max_num")


def _extrema(target: Target) -> Iterator[Row]:
    for name in EXTREMA:
        if name in target.functions:
            yield Row("extrema", f"{name} of a NaN", _on_nan(target, name))
            yield Row("extrema", f"{name} of zeros", _on_zeros(target, name))
    for bits in (MINUS_ZERO, QUIET, SIGNALLING):
        yield from _bits(target, "relu", "relu", (bits,))


def _on_nan(target: Target, name: str) -> str:
    first, second = answer(target, name, QUIET, ONE), answer(target, name, ONE, QUIET)
    numbers = [got == ONE for got in (first, second)]
    words = {
        (True, True): "the number",
        (False, False): "a NaN",
        (False, True): "the first operand",
        (True, False): "the second operand",
    }
    return words[numbers[0], numbers[1]]


def _on_zeros(target: Target, name: str) -> str:
    found = answer(target, name, MINUS_ZERO, 0), answer(target, name, 0, MINUS_ZERO)
    words: dict[tuple[int | None, int | None], str] = {
        (0, 0): "+0",
        (MINUS_ZERO, MINUS_ZERO): "-0",
        (MINUS_ZERO, 0): "the first operand",
        (0, MINUS_ZERO): "the second operand",
    }
    return words.get(found, "another value")


def _integers(target: Target) -> Iterator[Row]:
    for kind in ("int32", "uint32", "int64"):
        name = f"to_{kind}"
        if name not in target.functions:
            continue
        width = 64 if kind == "int64" else 32
        found = {
            text: answer(target, name, bits)
            for text, bits in (("2^70", 0x62800000), ("-2^70", 0xE2800000), ("NaN", QUIET))
        }
        shown = ", ".join(
            f"{text}: {bits:0{width // 4}X}" for text, bits in found.items() if bits is not None
        )
        yield Row("float to integer", f"{name} out of range", f"{_manner(kind, found)} ({shown})")


def _manner(kind: str, found: dict[str, int | None]) -> str:
    width = 64 if kind == "int64" else 32
    unsigned = kind.startswith("u")
    greatest = (1 << width) - 1 if unsigned else (1 << (width - 1)) - 1
    least = 0 if unsigned else 1 << (width - 1)
    if (found["2^70"], found["-2^70"]) == (greatest, least):
        return "saturates"
    indefinite = greatest if unsigned else least
    if set(found.values()) == {indefinite}:
        return "indefinite, as x86"
    return "neither saturates nor is indefinite"


def _subnormal_functions(target: Target) -> Iterator[Row]:
    got = answer(target, "exp", 0xC2C80000)
    if got is not None:
        yield Row("subnormal", "exp(-100)", "flushed" if got == 0 else f"kept: {got:08X}")
    for bits, text in ((0x42B17217, "exp below overflow"), (0x42B17218, "exp at overflow")):
        got = answer(target, "exp", bits)
        if got is not None:
            yield Row("functions", f"{text} ({bits:08X})", f"{got:08X}")
