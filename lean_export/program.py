"""Expressions, and trees as programs for the machine of `Refsem/Program.lean`.

Lean reads a number at once and takes long over a large tree. A program is written in reverse
Polish notation: what an instruction uses is made before it. A number of any size is spelt in
digits to base 2048 before the instruction that takes it.

Nothing here is trusted: Lean checks whatever tree comes of it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

PART = 20
"""Instructions in a number of the printed program."""
_CODE_BITS, _OPERAND_BITS = 5, 11
_BASE = 1 << _OPERAND_BITS


class Code(IntEnum):
    """The instructions of `Refsem.Algebra.instructions`, in its order."""

    INDETERMINATE = 0
    FACT = 1
    DIGIT = 2
    PRODUCT = 3
    MUL = 4
    APPLY = 5
    REPLACE = 6
    LEAF = 7
    SUB = 8
    CONSTANT = 9
    SPLIT = 10
    ADD = 11
    NEGATE = 12
    MULTIPLE = 13
    LE = 14
    LT = 15
    EQ = 16
    NE = 17
    SIGNS = 18
    APART = 19
    ROOT = 20


@dataclass(frozen=True, slots=True)
class Instruction:
    """A code and its operand, below 2048."""

    code: Code
    operand: int = 0


Program = tuple[Instruction, ...]


class UnprintableError(Exception):
    """The proof has a step that is not printed; the message says which."""


def instruction(code: Code, operand: int) -> Program:
    """The instruction; `UnprintableError` where the operand has no room."""
    if not 0 <= operand < _BASE:
        raise UnprintableError(f"a number beyond {_BASE - 1} where a variable or fact is named")
    return (Instruction(code, operand),)


def spelt(number: int) -> Program:
    """The digits of a natural number; none for 0."""
    if number < 0:
        raise ValueError(f"{number} is negative")
    digits = []
    while number:
        number, digit = divmod(number, _BASE)
        digits.append(Instruction(Code.DIGIT, digit))
    return tuple(reversed(digits))


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression of `Lean.Grind.CommRing`: a number, a variable or an operation.

    The operand is the number or the variable's.
    """

    code: Code
    operand: int = 0
    parts: tuple["Expression", ...] = ()

    @property
    def text(self) -> str:
        """The expression as Lean text."""
        match self.code:
            case Code.CONSTANT:
                return f"(.num {self.operand})"
            case Code.INDETERMINATE:
                return f"(.var {self.operand})"
            case Code.NEGATE:
                return f"(.neg {self.parts[0].text})"
            case _:
                left, right = self.parts
                return f"(.{self.code.name.lower()} {left.text} {right.text})"

    @property
    def program(self) -> Program:
        """The instructions that make it the uppermost expression."""
        match self.code:
            case Code.CONSTANT:
                return (*spelt(self.operand), Instruction(Code.CONSTANT))
            case Code.INDETERMINATE:
                return instruction(Code.INDETERMINATE, self.operand)
            case _:
                before = (one for part in self.parts for one in part.program)
                return (*before, Instruction(self.code))


def number(value: int) -> Expression:
    """A whole number."""
    magnitude = Expression(Code.CONSTANT, abs(value))
    return magnitude if value >= 0 else Expression(Code.NEGATE, parts=(magnitude,))


def leaf(products: Iterable[Program], multiples: Iterable[Program]) -> Program:
    """A leaf of products and multiples of equations, in their order."""
    parts = (*reversed(tuple(products)), *reversed(tuple(multiples)))
    return (*(one for part in parts for one in part), Instruction(Code.LEAF))


def product(
    times: int, facts: Iterable[int], apart: Iterable[int], roots: Iterable[Expression]
) -> Program:
    """So many times a product of facts, of squares of facts that are not 0, and of squares."""
    squared = _facts(apart)
    return (
        *(one for root in roots for one in (*root.program, Instruction(Code.ROOT))),
        *((*squared, Instruction(Code.APART)) if squared else ()),
        *_facts(facts),
        *spelt(times),
        Instruction(Code.PRODUCT),
    )


def multiple(equation: int, factor: Expression) -> Program:
    """A polynomial by an equation."""
    return (*factor.program, *instruction(Code.MULTIPLE, equation))


def split(expression: Expression, nonnegative: Program, negative: Program) -> Program:
    """Cases by the sign of an expression."""
    return (*nonnegative, *negative, *expression.program, Instruction(Code.SPLIT))


def signs(fact: int, positive: Program, negative: Program) -> Program:
    """Cases by the sign of what a fact says is not 0."""
    return (*positive, *negative, *instruction(Code.SIGNS, fact))


def lemma(code: Code, left: Expression, right: Expression, proof: Program) -> Program:
    """The end of a program in which a lemma is proved first."""
    return (*proof, *left.program, *right.program, Instruction(code))


def applied(law: int, facts: Iterable[int]) -> Program:
    """The end of a program in which a law is applied first."""
    return (*_facts(facts), *instruction(Code.APPLY, law))


def replaced(which: int, value: Expression, equation: int) -> Program:
    """The end of a program in which a variable is replaced first."""
    return (*value.program, *spelt(equation), *instruction(Code.REPLACE, which))


def _facts(facts: Iterable[int]) -> Program:
    return tuple(one for fact in reversed(tuple(facts)) for one in instruction(Code.FACT, fact))


def written(program: Program) -> tuple[str, ...]:
    """The program as hexadecimal numbers of `PART` instructions, the first instruction lowest."""
    return tuple(
        _hexadecimal(program[start : start + PART]) for start in range(0, len(program), PART)
    )


def _hexadecimal(program: Program) -> str:
    bits = _CODE_BITS + _OPERAND_BITS
    numbers = (one.code | one.operand << _CODE_BITS for one in program)
    return hex(sum(value << bits * place for place, value in enumerate(numbers)))
