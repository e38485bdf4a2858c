"""The machine of `Refsem/Program.lean` once more, for tests: programs as nested tuples."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from lean_export.program import PART, Code, Instruction, Program

Data = Any


@dataclass(slots=True)
class Stacks:
    """What a program has made so far; the uppermost is the last."""

    number: int = 0
    facts: list[int] = field(default_factory=list)
    apart: list[int] = field(default_factory=list)
    roots: list[Data] = field(default_factory=list)
    expressions: list[Data] = field(default_factory=list)
    products: list[Data] = field(default_factory=list)
    multiples: list[Data] = field(default_factory=list)
    trees: list[Data] = field(default_factory=list)

    def taken(self, name: str) -> Data:
        """A field's value, which is new again."""
        value = getattr(self, name)
        setattr(self, name, 0 if name == "number" else [])
        return value[::-1] if name != "number" else value


def read(parts: Iterable[str]) -> Program:
    """The instructions in printed numbers."""
    found = []
    for part in parts:
        number = int(part, 16)
        for place in range(PART):
            token = number >> 16 * place & 0xFFFF
            found.append(Instruction(Code(token & 31), token >> 5))
    return tuple(found)


def executed(program: Program) -> Stacks:
    """The stacks after a program."""
    stacks = Stacks()
    for one in program:
        _step(stacks, one.code, one.operand)
    return stacks


def _step(s: Stacks, code: Code, operand: int) -> None:  # noqa: C901, PLR0912  one case a code
    match code:
        case Code.INDETERMINATE:
            s.expressions.append(("var", operand))
        case Code.FACT:
            s.facts.append(operand)
        case Code.DIGIT:
            s.number = s.number * 2048 + operand
        case Code.PRODUCT:
            parts = (s.taken("facts"), s.taken("apart"), s.taken("roots"))
            s.products.append((s.taken("number"), *parts))
        case Code.MUL | Code.SUB | Code.ADD:
            right = s.expressions.pop()
            s.expressions.append((code.name.lower(), s.expressions.pop(), right))
        case Code.NEGATE:
            s.expressions.append(("neg", s.expressions.pop()))
        case Code.CONSTANT:
            s.expressions.append(("num", s.taken("number")))
        case Code.APPLY:
            s.trees.append(("apply", operand, s.taken("facts"), s.trees.pop()))
        case Code.REPLACE:
            value = s.expressions.pop()
            s.trees.append(("replace", operand, value, s.taken("number"), s.trees.pop()))
        case Code.LEAF:
            s.trees.append(("leaf", s.taken("products"), s.taken("multiples")))
        case Code.SPLIT:
            second = s.trees.pop()
            s.trees.append(("split", s.expressions.pop(), s.trees.pop(), second))
        case Code.SIGNS:
            second = s.trees.pop()
            s.trees.append(("signs", operand, s.trees.pop(), second))
        case Code.LE | Code.LT | Code.EQ | Code.NE:
            right = s.expressions.pop()
            relation = (code.name.lower(), s.expressions.pop(), right)
            proof = s.trees.pop()
            s.trees.append(("have", relation, proof, s.trees.pop()))
        case Code.MULTIPLE:
            s.multiples.append((operand, s.expressions.pop()))
        case Code.APART:
            s.apart, s.facts = s.facts, []
        case Code.ROOT:
            s.roots.append(s.expressions.pop())
