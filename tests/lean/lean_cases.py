"""A second reading of the cases and boxes of a split tree's Lean text, and what they mean.

Written from `Refsem/Cover.lean` and `Refsem/Interval.lean`, sharing nothing with the printer.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

Numbers = Sequence[Fraction]
Listed = list[list[Any]]


@dataclass(frozen=True, slots=True)
class Stated:
    """What the theorem of a region speaks of."""

    box: Listed
    scale: int
    cases: Listed

    def inside(self, x: Numbers) -> bool:
        """`InBox scale inputBox x`."""
        return len(x) == len(self.box) and all(
            low <= self.scale * value <= high
            for (low, high), value in zip(self.box, x, strict=True)
        )

    def unsafe(self, x: Numbers, y: Numbers) -> bool:
        """Whether some case is met: `Safe cases x y` does not hold."""
        return any(all(_met(one, x, y) for one in case) for case in self.cases)


def _met(constraint: list[Any], x: Numbers, y: Numbers) -> bool:
    inputs, outputs, bound, strict = constraint
    # a list of coefficients that is shorter leaves the others out, as `combination` does
    total = sum(c * v for c, v in zip(inputs, x, strict=False))
    total += sum(c * v for c, v in zip(outputs, y, strict=False))
    return bool(total < bound) if strict else bool(total <= bound)


def stated(network: str, conclusion: str) -> Stated:
    """The texts of the module with the cases, and of the module with the theorem."""
    theorem = conclusion[conclusion.index("theorem property_holds") :]
    found = re.search(r"\(inside : InBox (\S+|\(2 \^ \d+\)) inputBox x\) :", theorem)
    assert found is not None
    assert "Safe cases x (eval network x) := by" in theorem
    power = re.fullmatch(r"\(2 \^ (\d+)\)", found[1])
    return Stated(
        _listed(network, "inputBox"),
        2 ** int(power[1]) if power else int(found[1]),
        _listed(network, "cases"),
    )


def _listed(text: str, name: str) -> Listed:
    """A definition by a list of lists and tuples of integers and truth values."""
    body = re.search(rf"^def {name} : [^\n]* := (\[.*?)(?=\n\n)", text, re.DOTALL | re.MULTILINE)
    assert body is not None
    bare = re.sub(r"--[^\n]*", "", body[1]).translate(str.maketrans("⟨⟩()", "[][]"))
    found: Listed = json.loads(bare)
    return found
