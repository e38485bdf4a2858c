"""What a property says, after reading: boxes of inputs and unsafe sets, all exact.

Polarity (VNN-LIB): the property *holds* when every case is empty, that is, when no input of its
box gives outputs meeting all its unsafe constraints. Touching a `<=` is a counterexample; a
strict constraint is met only strictly. Numbers are rationals, read without rounding.

Not here: reading files (`vnnlib.py`), proving anything (`refsem.obligations` and above).
"""

from dataclasses import dataclass

from gmpy2 import mpq

from refsem.rules.trace import Ball

Coefficients = tuple[tuple[int, mpq], ...]


@dataclass(frozen=True, slots=True)
class LinearConstraint:
    """Σ aᵢ·Xᵢ + Σ bⱼ·Yⱼ ≤ bound (or < bound when `strict`); indices ascend, no zero coefficient."""

    inputs: Coefficients
    outputs: Coefficients
    bound: mpq
    strict: bool


@dataclass(frozen=True, slots=True)
class Case:
    """One disjunct: a box of inputs and the conjunction that makes an output unsafe there.

    With a ball, only those inputs of the box that lie in it.
    """

    lower: tuple[mpq, ...]
    upper: tuple[mpq, ...]
    unsafe: tuple[LinearConstraint, ...]
    ball: Ball | None = None


@dataclass(frozen=True, slots=True)
class Property:
    """Every case must be empty; `inputs` and `outputs` count the flattened (row-major) entries."""

    inputs: int
    outputs: int
    cases: tuple[Case, ...]
