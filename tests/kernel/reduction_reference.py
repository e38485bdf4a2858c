"""What a reduction tree means, step by step, in rationals and through the model: a test oracle.

Written against `refsem.rounding` and `refsem.binary32` only; nothing of the kernel but the tree.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import assert_never

from gmpy2 import mpq

from refsem.kernel.trees import Add, Convert, FusedAdd, Term, Tree, Zero
from refsem.rounding import (
    BINARY32,
    Environment,
    Finite,
    Format,
    Infinite,
    Mode,
    NanPolicy,
    NotANumber,
    round_with_flags,
)
from refsem.rounding.conversions import convert
from refsem.rounding.nans import chosen_nan, converted_nan, default_nan, is_signalling
from refsem.rounding.operands import is_storage_only, read_operand

Value = tuple[Format, int]
"""A format and a pattern of it."""
Answer = tuple[int, int]
"""A pattern and flags."""


class Reference:
    """The meaning of steps in one mode and environment."""

    def __init__(self, mode: Mode, environment: Environment) -> None:
        self.mode = mode
        self.environment = environment

    def rounded(self, format_: Format, value: mpq, zero_sign: bool) -> Answer:
        environment = self.environment
        if is_storage_only(format_):
            environment = replace(environment, flush_to_zero=False)
        result = round_with_flags(format_, self.mode, value, int(zero_sign), environment)
        return result.bits, result.flags.bits

    def converted(self, value: Value, target: Format) -> Answer:
        result = convert(value[0], target, self.mode, value[1], self.environment)
        return result.bits, result.flags.bits

    def nan(self, operands: Sequence[Value], target: Format) -> Answer:
        """The NaN chosen among the operands, converted; invalid if one is signalling."""
        nans = [value for value in operands if self.is_nan(value)]
        policy = self.environment.nan_policy
        signalling = [value for value in nans if is_signalling(*value)]
        preferred = signalling if policy is NanPolicy.FIRST_SIGNALLING else []
        source, bits = (preferred or nans)[0]
        assert chosen_nan(source, policy, [bits]) == chosen_nan(source, policy, [bits, bits])
        return converted_nan(source, target, policy, bits), 16 if signalling else 0

    def is_nan(self, value: Value) -> bool:
        return isinstance(read_operand(*value, self.environment), NotANumber)

    def invalid(self, target: Format) -> Answer:
        return default_nan(target, self.environment.nan_policy), 16

    def total(self, terms: Sequence[tuple[mpq | None, bool]], target: Format) -> Answer:
        """The sum of (rational, or None for an infinity; sign) pairs that are no NaNs."""
        signs = {negative for value, negative in terms if value is None}
        if len(signs) == 2:
            return self.invalid(target)
        if signs:
            return (target.sign_bit if signs.pop() else 0) | target.infinity, 0
        negatives = {negative for _, negative in terms}
        zero_sign = negatives.pop() if len(negatives) == 1 else self.mode is Mode.RTN
        return self.rounded(target, sum((value for value, _ in terms), mpq(0)), zero_sign)

    def read(self, value: Value) -> tuple[mpq | None, bool]:
        match read_operand(*value, self.environment):
            case Finite(negative=negative, value=rational):
                return rational, negative
            case Infinite(negative=negative):
                return None, negative
            case other:
                raise AssertionError(other)

    def add(self, one: Value, other: Value, target: Format) -> Answer:
        if self.is_nan(one) or self.is_nan(other):
            return self.nan([one, other], target)
        return self.total([self.read(one), self.read(other)], target)

    def factor(self, x: Value, y: Value) -> tuple[mpq | None, bool] | None:
        """The exact product; None if it is ∞·0."""
        (one, negative), (other, opposite) = self.read(x), self.read(y)
        sign = negative != opposite
        if one is None or other is None:
            return None if 0 in (one, other) else (None, sign)
        return one * other, sign

    def multiply(self, x: int, y: int, target: Format) -> Answer:
        factors = [(BINARY32, x), (BINARY32, y)]
        if any(map(self.is_nan, factors)):
            return self.nan(factors, target)
        product = self.factor(*factors)
        return self.invalid(target) if product is None else self.total([product], target)

    def fuse(self, x: int, y: int, addend: Value, target: Format) -> Answer:
        factors = [(BINARY32, x), (BINARY32, y)]
        if any(map(self.is_nan, factors)):
            return self.nan([*factors, addend], target)
        product = self.factor(*factors)
        if self.is_nan(addend):
            bits, flags = self.nan([addend], target)
            if product is None and self.environment.fused_nan_invalid:
                if self.environment.nan_policy is NanPolicy.X86:
                    return self.invalid(target)
                flags = 16
            return bits, flags
        if product is None:
            return self.invalid(target)
        return self.total([product, self.read(addend)], target)


def evaluate(
    tree: Tree, mode: Mode, x: Sequence[int], y: Sequence[int] | None, environment: Environment
) -> Answer:
    """The result of the tree on terms x[i], or x[i]·y[i], and the flags of all steps."""
    reference = Reference(mode, environment)
    results: list[Value] = []
    flags = 0
    for step in tree.steps:
        match step:
            case Term(index=i, format=format_) if y is not None:
                bits, signalled = reference.multiply(x[i], y[i], format_)
            case Term(index=i, format=format_):
                identity = format_ == BINARY32
                bits, signalled = (
                    (x[i], 0) if identity else reference.converted((BINARY32, x[i]), format_)
                )
            case Zero():
                bits, signalled = 0, 0
            case Add(left=left, right=right, format=format_):
                bits, signalled = reference.add(results[left], results[right], format_)
            case FusedAdd(index=i, addend=addend, format=format_):
                assert y is not None
                bits, signalled = reference.fuse(x[i], y[i], results[addend], format_)
            case Convert(operand=operand, format=format_):
                bits, signalled = reference.converted(results[operand], format_)
            case _:
                assert_never(step)
        results.append((step.format, bits))
        flags |= signalled
    return results[-1][1], flags
