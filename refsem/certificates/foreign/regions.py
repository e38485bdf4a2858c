"""Box regions: `{"lo", "hi"}` or `{"center", "eps"}`, exact decimals, never mixed.

A region claims nothing about a network. It is checked for being one: lengths agree and no
interval is empty.
"""

from dataclasses import dataclass

from gmpy2 import mpq

from refsem.certificates.foreign.material import FileFormat, Material
from refsem.certificates.report import (
    NO_ANSWERS,
    Answers,
    CheckReport,
    Finding,
    Verdict,
    judged,
)
from refsem.errors import InputError
from refsem.exact import ExactTensor
from refsem.rounding import BINARY64
from refsem.untrusted.decimals import read_decimal, read_vector
from refsem.untrusted.strict_json import Value

NAME = "box region"
SAMPLES = "box region samples"

ANSWERS = Answers(
    "a box of inputs",
    "anyone: a region is what is asked about",
    "lengths agree, numbers are finite, no interval is empty",
    "none: a region claims nothing",
    "any network",
)


@dataclass(frozen=True, slots=True, eq=False)
class FlatBox:
    """Both ends of a box of flattened values, each of shape (1, size), and where they stand."""

    lower: ExactTensor
    upper: ExactTensor
    place: str
    upper_place: str

    @property
    def size(self) -> int:
        """How many values are bounded."""
        return self.lower.size

    def findings(self) -> list[Finding]:
        """The intervals that are empty."""
        return [
            Finding(f"{self.place}[{index}]", "lower end above the upper end", low, high, BINARY64)
            for index, (low, high) in enumerate(
                zip(self.lower.rationals(), self.upper.rationals(), strict=True)
            )
            if low > high
        ]


def read_box(place: Value, lower: str, upper: str, size: int | None) -> FlatBox:
    """The box under two keys of an object; it may be empty, which `FlatBox.findings` says."""
    members = place.entries()
    for key in (lower, upper):
        if key not in members:
            raise place.error(f"the key {key!r} is missing")
    low = read_vector(members[lower], size)
    high = read_vector(members[upper], low.size)
    return FlatBox(low, high, members[lower].path, members[upper].path)


def read_region(place: Value) -> FlatBox:
    """The box of either spelling; `InputError` for a mixture, a lone key or a negative radius."""
    if place.has("center") or place.has("eps"):
        members = place.members(("center", "eps"), ())
        center, radius = read_vector(members["center"], None), read_decimal(members["eps"])
        if radius < 0:
            raise members["eps"].error(f"a radius of {radius}")
        around = ExactTensor.full((1, 1), mpq(radius))
        path = members["center"].path
        box = FlatBox(center - around, center + around, path, path)
    else:
        place.members(("lo", "hi"), ())
        box = read_box(place, "lo", "hi", None)
    if box.size == 0:
        raise place.error("a region of no values")
    return box


def _check(material: Material) -> CheckReport:
    box = read_region(material.root)
    return judged(NAME, ANSWERS, box.findings(), f"a box of {box.size} values, none empty")


def _check_samples(material: Material) -> CheckReport:
    """A list of test cases is no certificate; what each case is said to be is confirmed."""
    members = material.root.members(("accepted", "rejected"), ())
    wrong = [
        place.path
        for key, wanted in (("accepted", True), ("rejected", False))
        for place in members[key].items()
        if _is_region(place) is not wanted
    ]
    said = f"the opposite of what it says of {', '.join(wrong)}" if wrong else "as it says"
    reason = f"a list of box regions to be accepted or refused; this reader decides {said}"
    return CheckReport(SAMPLES, Verdict.NOT_A_CERTIFICATE, (reason,), NO_ANSWERS)


def _is_region(place: Value) -> bool:
    try:
        return not read_region(place).findings()
    except InputError:
        return False


def _recognises(root: Value) -> bool:
    keys = set(root.value) if isinstance(root.value, dict) else set()
    return bool(keys) and keys <= {"lo", "hi", "center", "eps"}


FORMATS = (
    FileFormat(NAME, _recognises, _check),
    FileFormat(SAMPLES, lambda root: root.has("accepted", "rejected"), _check_samples),
)
