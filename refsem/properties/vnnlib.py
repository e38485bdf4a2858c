"""VNN-LIB 1.0: what the commands and operators of a `.vnnlib` file mean.

    (declare-const X_0 Real)          an input; Y_0 an output; numbered from 0 without gaps
    (assert CONDITION)                part of the unsafe set (design, "Polarity")
    CONDITION   (and C ...)  (or C ...)  (<= T T)  (>= T T)  (< T T)  (> T T)  (= T T)
    T           decimal, variable, (+ T ...)  (- T ...)  (* T ...)  (/ T ...)

Terms are linear: at most one factor of a product has variables, a divisor has none. Everything
else is refused with its line and column: other commands and operators, variables that are not
declared before use or declared twice, inputs without both bounds, empty boxes (`cases.py` says
which), cases that say nothing about the outputs. All arithmetic is rational and exact.

Source: VNN-LIB 1.0 as VNN-COMP uses it. Not here: declare-fun, set-logic and other commands of
SMT-LIB, `not`, n-ary comparisons, products of variables, VNN-LIB 2.0.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from gmpy2 import mpq

from refsem.errors import InputError
from refsem.properties.cases import cases_of, contradiction_of
from refsem.properties.normal_form import (
    FALSE,
    Formula,
    Linear,
    TooLargeError,
    Variable,
    conjoin,
    disjoin,
    not_above_zero,
)
from refsem.properties.property import Property
from refsem.properties.sexpressions import Operand, Source, quoted, read_decimal, read_groups

MAXIMUM_NUMBER_BITS = 65_536

_VARIABLE = re.compile(r"([XY])_(0|[1-9][0-9]{0,8})")

Value = Linear | Formula
Operands = list[Operand[Value]]


def read_vnnlib(source: Source) -> Property:
    """The property a VNN-LIB 1.0 text asserts; InputError, with a place, for any other text."""
    reader = _Reader(source)
    commands = {"declare-const": reader.declare, "assert": reader.assert_}
    operators: dict[str, Callable[[int, Operands], Value]] = {
        "and": reader.all_of,
        "or": reader.one_of,
        "<=": partial(reader.compare, "<="),
        ">=": partial(reader.compare, ">="),
        "<": partial(reader.compare, "<"),
        ">": partial(reader.compare, ">"),
        "=": partial(reader.compare, "="),
        "+": reader.add,
        "-": reader.subtract,
        "*": reader.multiply,
        "/": reader.divide,
    }
    read_groups(source, commands, operators)
    return reader.property()


@dataclass(slots=True)
class _Reader:
    """What has been declared (each variable with its place) and asserted so far."""

    source: Source
    declared: dict[str, Linear] = field(default_factory=dict)
    places: dict[Variable, int] = field(default_factory=dict)
    asserted: list[Formula] = field(default_factory=list)

    def property(self) -> Property:
        """The property, once the whole file has been read."""
        inputs, outputs = self._places_of("X", "input"), self._places_of("Y", "output")
        try:
            cases = cases_of(self.source, self.asserted, inputs)
        except TooLargeError as error:
            raise InputError(self.source.file, "", str(error)) from None
        return Property(len(inputs), len(outputs), cases)

    def _places_of(self, kind: str, what: str) -> tuple[int, ...]:
        """Where the variables of one kind are declared, from index 0 on; InputError for a gap."""
        indices = sorted(index for letter, index in self.places if letter == kind)
        if not indices:
            raise InputError(self.source.file, "", f"declares no {what} ({kind}_0)")
        for expected, index in enumerate(indices):
            if index != expected:
                message = f"{kind}_{index} is declared but {kind}_{expected} is not"
                raise self.source.error(self.places[kind, index], message)
        return tuple(self.places[kind, index] for index in indices)

    # Commands.

    def declare(self, offset: int, operands: Operands) -> None:
        """`(declare-const NAME Real)`: one more variable."""
        self._expect(len(operands) == 2, offset, "declare-const takes a name and a sort")
        name, sort = operands
        match = _VARIABLE.fullmatch(name.value) if isinstance(name.value, str) else None
        if match is None or not isinstance(name.value, str):
            raise self.source.error(name.offset, "expected a name such as X_0 or Y_0")
        variable = (match[1], int(match[2]))
        if variable in self.places:
            earlier = self.source.place(self.places[variable])
            raise self.source.error(name.offset, f"{name.value} was already declared at {earlier}")
        self._expect(sort.value == "Real", sort.offset, "expected the sort Real")
        self.places[variable] = name.offset
        self.declared[name.value] = Linear({variable: mpq(1)}, mpq(0))

    def assert_(self, offset: int, operands: Operands) -> None:
        """`(assert CONDITION)`: one more conjunct of the unsafe set."""
        self._expect(len(operands) == 1, offset, "assert takes one condition")
        formula = self._formula(operands[0])
        self._expect(formula != FALSE, operands[0].offset, "this condition can never be met")
        self.asserted.append(formula)

    # Conditions.

    def all_of(self, offset: int, operands: Operands) -> Formula:
        """`(and C ...)`."""
        self._expect(bool(operands), offset, "'and' takes at least one condition")
        try:
            return conjoin([self._formula(operand) for operand in operands])
        except TooLargeError as error:
            raise self.source.error(offset, str(error)) from None

    def one_of(self, offset: int, operands: Operands) -> Formula:
        """`(or C ...)`; InputError for a plain conjunction whose own bounds leave no input."""
        self._expect(bool(operands), offset, "'or' takes at least one condition")
        parts = [(self._formula(operand), operand.offset) for operand in operands]
        for part, _ in parts:
            if len(part.cases) == 1 and part.cases[0].offset is None:
                contradiction = contradiction_of(part.cases[0])
                if contradiction is not None:
                    raise contradiction.error(self.source)
        try:
            return disjoin(parts)
        except TooLargeError as error:
            raise self.source.error(offset, str(error)) from None

    def compare(self, name: str, offset: int, operands: Operands) -> Formula:
        """`(NAME T T)` for one of the five comparisons; `=` is both `<=` and `>=`."""
        self._expect(len(operands) == 2, offset, f"{name!r} takes two terms")
        left, right = (self._linear(operand) for operand in operands)
        strict = name in ("<", ">")
        match name[0]:
            case "<":
                pairs = [(left, right)]
            case ">":
                pairs = [(right, left)]
            case _:
                pairs = [(left, right), (right, left)]
        differences = [self._sum(offset, less, [more], -1) for less, more in pairs]
        return conjoin([not_above_zero(d, strict=strict, offset=offset) for d in differences])

    def _formula(self, operand: Operand[Value]) -> Formula:
        """The operand, which must be a condition."""
        if isinstance(operand.value, Formula):
            return operand.value
        raise self.source.error(operand.offset, "expected a condition, found a term")

    # Terms.

    def add(self, offset: int, operands: Operands) -> Linear:
        """`(+ T ...)`."""
        first, *others = self._terms(offset, operands, 1)
        return self._sum(offset, first, others, 1)

    def subtract(self, offset: int, operands: Operands) -> Linear:
        """`(- T)`, the negative, or `(- T T ...)`, the first less the others."""
        first, *others = self._terms(offset, operands, 1)
        if not others:
            return self._scaled(offset, first, mpq(-1))
        return self._sum(offset, first, others, -1)

    def multiply(self, offset: int, operands: Operands) -> Linear:
        """`(* T ...)`; InputError when two factors have variables."""
        factors = self._terms(offset, operands, 1)
        variable = [factor for factor in factors if factor.terms]
        self._expect(len(variable) <= 1, offset, "a product of two variables")
        result = variable[0] if variable else Linear({}, mpq(1))
        for factor in factors:
            if not factor.terms:
                result = self._scaled(offset, result, factor.constant)
        return result

    def divide(self, offset: int, operands: Operands) -> Linear:
        """`(/ T T ...)`; InputError when a divisor has variables or is zero."""
        result, *divisors = self._terms(offset, operands, 2)
        for divisor, operand in zip(divisors, operands[1:], strict=True):
            constant = not divisor.terms and divisor.constant != 0
            self._expect(constant, operand.offset, "a divisor must be a constant other than 0")
            result = self._scaled(offset, result, 1 / divisor.constant)
        return result

    def _terms(self, offset: int, operands: Operands, least: int) -> list[Linear]:
        """The operands, which must be terms and at least `least` of them."""
        self._expect(len(operands) >= least, offset, f"too few terms: at least {least} needed")
        return [self._linear(operand) for operand in operands]

    def _linear(self, operand: Operand[Value]) -> Linear:
        """The operand, which must be a term: a variable, a decimal, or arithmetic on them."""
        match operand.value:
            case Linear() as linear:
                return linear
            case Formula():
                raise self.source.error(operand.offset, "expected a term, found a condition")
            case str() as word:
                known = self.declared.get(word)
                if known is not None:
                    return known
                number = read_decimal(self.source, word, operand.offset)
                if number is None:
                    message = f"{quoted(word)} is neither a decimal nor a declared variable"
                    raise self.source.error(operand.offset, message)
                return Linear({}, number)

    def _sum(self, offset: int, first: Linear, others: list[Linear], sign: int) -> Linear:
        """The first term and `sign` times each of the others."""
        terms, constant = dict(first.terms), first.constant
        for other in others:
            constant = self._sized(offset, constant + sign * other.constant)
            for variable, coefficient in other.terms.items():
                terms[variable] = self._sized(offset, terms.get(variable, 0) + sign * coefficient)
        return Linear({v: coefficient for v, coefficient in terms.items() if coefficient}, constant)

    def _scaled(self, offset: int, linear: Linear, factor: mpq) -> Linear:
        """`factor` times `linear`."""
        if factor == 0:
            return Linear({}, mpq(0))
        terms = {v: self._sized(offset, c * factor) for v, c in linear.terms.items()}
        return Linear(terms, self._sized(offset, linear.constant * factor))

    def _sized(self, offset: int, number: mpq) -> mpq:
        """The number, unless its numerator or denominator has grown too long to go on with."""
        bits = max(number.numerator.bit_length(), number.denominator.bit_length())
        if bits > MAXIMUM_NUMBER_BITS:
            message = f"a number here needs more than {MAXIMUM_NUMBER_BITS} bits"
            raise self.source.error(offset, message)
        return number

    def _expect(self, met: bool, offset: int, message: str) -> None:
        """Nothing when `met`; else an InputError at `offset`."""
        if not met:
            raise self.source.error(offset, message)
