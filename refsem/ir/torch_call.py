"""One call of an operator in a `torch.export` program: its arguments by name, each used or refused.

A scalar is a binary64 number in the program and is rounded to binary32 where it meets float32
tensors, as torch's kernels do; the constant is that binary32 value.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gmpy2 import mpq

from refsem.ir.composites import Builder
from refsem.ir.graph import Node
from refsem.rounding import BINARY32, BINARY64, Mode, exact_value, round_to
from refsem.untrusted.decimals import read_decimal, read_integer
from refsem.untrusted.strict_json import Value

_LEAST, _MOST = -(2**63), 2**63 - 1


@dataclass(slots=True)
class Call:
    """A call: `take` functions mark what was used; what was not is refused at the end."""

    place: Value
    target: str
    arguments: Mapping[str, Value]
    tensors: Mapping[str, Node]
    builder: Builder
    used: set[str] = field(default_factory=set)

    def _get(self, name: str, *forms: str) -> Value | None:
        """The argument in one of some forms; None where it is not there or stated to be nothing."""
        self.used.add(name)
        if name not in self.arguments or self.arguments[name].has("as_none"):
            return None
        for form in forms:
            if self.arguments[name].has(form):
                return self.arguments[name].member(form)
        raise self.arguments[name].error(f"{name} of {self.target} has a form not supported")

    def given(self, name: str) -> bool:
        """Whether an argument is there and not stated to be nothing."""
        return name in self.arguments and not self.arguments[name].has("as_none")

    def tensor(self, name: str) -> Node:
        """The tensor an argument names."""
        found = self._get(name, "as_tensor")
        if found is None:
            raise self.place.error(f"{self.target}: the argument {name!r} is missing")
        return self._named(found)

    def tensor_list(self, name: str) -> tuple[Node, ...]:
        """The tensors an argument lists."""
        found = self._get(name, "as_tensors")
        return () if found is None else tuple(self._named(item) for item in found.items())

    def _named(self, place: Value) -> Node:
        name = place.member("name")
        if name.text() not in self.tensors:
            raise name.error(f"{name.text()!r} is no tensor of numbers")
        return self.tensors[name.text()]

    def operand(self, name: str) -> Node:
        """A tensor, or a scalar as a constant."""
        if self.given(name) and self.arguments[name].has("as_tensor"):
            return self.tensor(name)
        return self.builder.constant(self.number(name, None))

    def number(self, name: str, otherwise: mpq | None) -> mpq:
        """A scalar's binary32 value; `otherwise` where it is not given."""
        found = self._get(name, "as_float", "as_int")
        if found is None:
            if otherwise is None:
                raise self.place.error(f"{self.target}: the argument {name!r} is missing")
            return as_binary32(otherwise)
        try:
            return as_binary32(read_decimal(found))
        except ValueError as error:
            raise found.error("a number beyond the range of binary32") from error

    def integer(self, name: str, otherwise: int) -> int:
        """A whole number; `otherwise` where it is not given."""
        found = self._get(name, "as_int")
        return otherwise if found is None else read_integer(found, _LEAST, _MOST)

    def integers(self, name: str, otherwise: tuple[int, ...]) -> tuple[int, ...]:
        """A list of whole numbers; `otherwise` where it is not given or empty."""
        found = self._get(name, "as_ints")
        if found is None:
            return otherwise
        return tuple(read_integer(item, _LEAST, _MOST) for item in found.items()) or otherwise

    def flag(self, name: str, *, otherwise: bool) -> bool:
        """A truth value; `otherwise` where it is not given."""
        found = self._get(name, "as_bool")
        return otherwise if found is None else found.truth()

    def word(self, name: str, otherwise: str) -> str:
        """A word; `otherwise` where it is not given."""
        found = self._get(name, "as_string")
        return otherwise if found is None else found.text()

    def unused(self, *names: str) -> None:
        """These arguments change no value."""
        self.used.update(names)

    def absent(self, *names: str) -> None:
        """These arguments are not supported where they are given."""
        for name in names:
            self.used.add(name)
            if self.given(name):
                raise self.arguments[name].error(f"{name} of {self.target} is not supported")

    def axis(self, name: str, rank: int, otherwise: int) -> int:
        """An axis, counted from the end where it is negative."""
        return self._axis(self.integer(name, otherwise), rank)

    def permutation(self, name: str, rank: int) -> tuple[int, ...]:
        """All axes in another order."""
        found = tuple(self._axis(one, rank) for one in self.integers(name, ()))
        if sorted(found) != list(range(rank)):
            raise self.place.error(f"{self.target}: {list(found)} is no order of {rank} axes")
        return found

    def axes(self, name: str, rank: int) -> tuple[int, ...]:
        """Different axes, in order; all of them where none is given."""
        found = tuple(sorted(self._axis(one, rank) for one in self.integers(name, ())))
        if len(set(found)) < len(found):
            raise self.place.error(f"{self.target}: an axis is named twice")
        return found or tuple(range(rank))

    def _axis(self, axis: int, rank: int) -> int:
        if not -rank <= axis < rank:
            raise self.place.error(f"{self.target}: there is no axis {axis} among {rank}")
        return axis % rank

    def finish(self) -> None:
        """Nothing if every argument was used; what was not is refused by name."""
        for name, value in self.arguments.items():
            if name not in self.used:
                raise value.error(f"{name} of {self.target} is not supported")


def as_binary32(value: mpq) -> mpq:
    """The binary32 value of the binary64 value nearest to a number."""
    double = exact_value(BINARY64, round_to(BINARY64, Mode.RNE, value, 0))
    return mpq(exact_value(BINARY32, round_to(BINARY32, Mode.RNE, double, 0)))
