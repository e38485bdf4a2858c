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
Box = list[list[int]]


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


def conclusion_holds(text: str, boxes: dict[str, Box]) -> dict[str, int]:
    """Of each tree that the text concludes from, how many leaves it has, all as they are stated.

    `boxes` are those of the leaves; a part is known once its own tree is. That a part is used
    before it is concluded, or leaves are others than those that the cuts make, is an error.
    """
    boxes = dict(boxes)
    found = {}
    scale = re.search(r"boxWithin \S+ (\d+|\(2 \^ \d+\)) inputBox rootBox = true", text)
    assert scale is not None
    for name in re.findall(r"^def (\w+) : Tree :=$", text, re.MULTILINE):
        part = name.removesuffix("_tree") if name != "tree" else ""
        root = f"{part}_box" if part else "rootBox"
        if part:
            boxes[root] = _listed(text, root)
            safe = "    (fun x : List α => Safe cases x (eval network x))"
            assert f"theorem {part} : Over {scale[1]}\n{safe} {root} := by" in text
        body = re.search(rf"^def {name} : Tree :=\n(.*?)(?=\n\n)", text, re.DOTALL | re.MULTILINE)
        equal = rf"^theorem \w+ : {name}.leaves {root} = \[(.*?)\]"
        stated_ = re.search(equal, text, re.DOTALL | re.MULTILINE)
        assert body is not None
        assert stated_ is not None
        tokens = re.findall(r"\.\w+|\(-\d+\)|\d+|[()]|<\|", body[1])
        cut = _leaves(tokens, boxes[root])
        names = stated_[1].replace(",", " ").split()
        assert not tokens
        assert cut == [boxes[one] for one in names]
        rest = text[stated_.end() :]
        over = re.search(r"exact ((?:over_cons\s+\w+\s+<\|\s+)*over_cons\s+\w+\s+over_nil)", rest)
        assert over is not None
        assert [f"{one}_box" for one in re.findall(r"over_cons\s+(\w+)", over[1])] == names
        found[name] = len(names)
    return found


def _leaves(tokens: list[str], box: Box) -> list[Box]:
    """`Tree.leaves` of the term that begins the tokens, which are used up."""
    head = tokens.pop(0)
    if head == "(":
        inner = _leaves(tokens, box)
        assert tokens.pop(0) == ")"
        return inner
    if head == ".leaf":
        return [box]
    assert head == ".cut"
    place, number = int(tokens.pop(0)), int(tokens.pop(0).strip("()"))
    below, above = ([list(ends) for ends in box] for _ in range(2))
    below[place][1] = above[place][0] = number
    first = _leaves(tokens, below)
    if tokens[0] == "<|":
        tokens.pop(0)
    return first + _leaves(tokens, above)


def boxes_in(text: str) -> dict[str, Box]:
    """Every box that is defined in a text."""
    names = re.findall(r"^def (\w+) : List \(Int × Int\) :=", text, re.MULTILINE)
    return {name: _listed(text, name) for name in names}
