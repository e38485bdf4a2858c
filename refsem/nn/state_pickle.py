"""The pickle inside a torch state dict, read without unpickling: nothing in it is executed.

A pickle is a program for a small machine. The opcodes that `torch.save` of a state dict needs are
interpreted here on values of our own: texts, numbers, tuples, dictionaries, and names of classes,
which stay names. Four names may be called, and what calling them means is written below: an ordered
dictionary, a storage (which names a file of the archive and how many entries it has), a tensor as
a view of a storage, and a parameter, which is its tensor. Every other opcode, name or call is
refused with its place in the pickle.

Source: CPython's pickletools (protocol 2); torch/_utils.py, `_rebuild_tensor_v2`.
"""

import pickletools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from refsem.errors import InputError
from refsem.ir.onnx_values import RANK_LIMIT, quoted
from refsem.ir.operators import Shape

PICKLE_LIMIT = 2**23
"""How many bytes the pickle may have: the weights stand elsewhere."""
DICTIONARY, TENSOR, PARAMETER = (
    "collections OrderedDict",
    "torch._utils _rebuild_tensor_v2",
    "torch._utils _rebuild_parameter",
)
_STORAGE = re.compile(r"torch (Float|Double|Half|BFloat16|Long|Int|Short|Char|Byte|Bool)Storage")


@dataclass(frozen=True, slots=True)
class Name:
    """A class or function that the pickle names; it stays a name."""

    text: str


@dataclass(frozen=True, slots=True)
class Storage:
    """A file of the archive, of so many entries of a type."""

    kind: str
    key: str
    entries: int


@dataclass(frozen=True, slots=True)
class View:
    """A tensor as a part of a storage: entries from `offset` on, `strides` apart."""

    storage: Storage
    offset: int
    shape: Shape
    strides: Shape


class _Mark:
    """Where a tuple or a group of items begins on the stack."""


MARK = _Mark()
Held: TypeAlias = (
    "bool | int | str | tuple[Held, ...] | dict[str, Held] | Name | Storage | View | None"
)


@dataclass(slots=True)
class _Machine:
    """The stack and the memory of a pickle being read."""

    file: str
    place: int = 0
    stack: "list[Held | _Mark]" = field(default_factory=list)
    memory: dict[int, Held] = field(default_factory=dict)

    def refuse(self, message: str) -> InputError:
        return InputError(self.file, f"data.pkl, byte {self.place}", message)

    def pop(self) -> Held:
        if not self.stack:
            raise self.refuse("there is nothing on the stack")
        found = self.stack.pop()
        if isinstance(found, _Mark):
            raise self.refuse("a mark where a value was expected")
        return found

    def pop_to_mark(self) -> list[Held]:
        found: list[Held] = []
        while self.stack and not isinstance(self.stack[-1], _Mark):
            found.append(self.pop())
        if not self.stack:
            raise self.refuse("a mark is missing")
        self.stack.pop()
        return found[::-1]

    def pop_dictionary(self) -> dict[str, Held]:
        match self.pop():
            case dict() as found:
                return found
            case _:
                raise self.refuse("a dictionary was expected")

    def pop_tuple(self) -> tuple[Held, ...]:
        match self.pop():
            case tuple() as found:
                return found
            case _:
                raise self.refuse("a tuple was expected")

    def set_items(self, items: list[Held]) -> None:
        target = self.pop_dictionary()
        if len(items) % 2:
            raise self.refuse("a key without a value")
        for key, value in zip(items[::2], items[1::2], strict=True):
            if not isinstance(key, str):
                raise self.refuse("a key that is no text")
            if key in target:
                raise self.refuse(f"the key {quoted(key)} occurs twice")
            target[key] = value
        self.stack.append(target)

    def named(self, text: str) -> Name:
        if text in {DICTIONARY, TENSOR, PARAMETER} or _STORAGE.fullmatch(text):
            return Name(text)
        raise self.refuse(f"it names {quoted(text)}, which no state dict needs: not read")

    def called(self) -> Held:
        arguments, called = self.pop_tuple(), self.pop()
        match called, arguments:
            case Name(text=text), () if text == DICTIONARY:
                return {}
            case Name(text=text), (View() as view, bool(), dict()) if text == PARAMETER:
                return view
            case Name(text=text), (Storage() as storage, offset, shape, strides, bool(), dict()):
                if text == TENSOR:
                    return self.view(storage, offset, shape, strides)
            case _:
                pass
        raise self.refuse("a call that no state dict needs")

    def view(self, storage: Storage, offset: Held, shape: Held, strides: Held) -> View:
        lengths, steps = self.lengths(shape), self.lengths(strides)
        (start,) = self.lengths((offset,))
        if len(steps) != len(lengths):
            raise self.refuse(f"{len(steps)} strides for the shape {list(lengths)}")
        return View(storage, start, lengths, steps)

    def lengths(self, found: Held) -> Shape:
        if not isinstance(found, tuple) or len(found) > RANK_LIMIT:
            raise self.refuse(f"at most {RANK_LIMIT} lengths were expected")
        lengths = []
        for one in found:
            if isinstance(one, bool) or not isinstance(one, int) or not 0 <= one < 2**40:
                raise self.refuse("a length was expected")
            lengths.append(one)
        return tuple(lengths)

    def storage(self) -> Storage:
        match self.pop_tuple():
            case ("storage", Name(text=text), str() as key, str(), count):
                match = _STORAGE.fullmatch(text)
                if match and re.fullmatch(r"[0-9]{1,9}", key, re.ASCII):
                    (entries,) = self.lengths((count,))
                    return Storage(match[1], key, entries)
            case _:
                pass
        raise self.refuse("a reference that is no storage")

    def built(self) -> None:
        """A dictionary's attributes, which change none of its items; only `_metadata` is known."""
        if set(self.pop_dictionary()) - {"_metadata"}:
            raise self.refuse("attributes that no state dict has")
        self.stack.append(self.pop_dictionary())

    def put(self, where: int) -> None:
        found = self.pop()
        self.memory[where] = found
        self.stack.append(found)

    def get(self, where: int) -> Held:
        if where not in self.memory:
            raise self.refuse(f"nothing is kept at {where}")
        return self.memory[where]


_Action: TypeAlias = Callable[[_Machine, object], None]


def _push(make: Callable[[_Machine, object], "Held | _Mark"]) -> _Action:
    return lambda machine, argument: machine.stack.append(make(machine, argument))


def _tuple_of(count: int) -> _Action:
    def action(machine: _Machine, _argument: object) -> None:
        machine.stack.append(tuple([machine.pop() for _ in range(count)][::-1]))

    return action


def _protocol(machine: _Machine, argument: object) -> None:
    if argument != 2:
        raise machine.refuse(f"pickle protocol {argument}; torch writes protocol 2")


def _kept(machine: _Machine, argument: object, use: Callable[[_Machine, int], None]) -> None:
    if not isinstance(argument, int):
        raise machine.refuse("a place in memory was expected")
    use(machine, argument)


def _item(machine: _Machine, _argument: object) -> None:
    value, key = machine.pop(), machine.pop()
    machine.set_items([key, value])


def _put(machine: _Machine, argument: object) -> None:
    _kept(machine, argument, lambda one, where: one.put(where))


def _integer(machine: _Machine, argument: object) -> int:
    if not isinstance(argument, int):
        raise machine.refuse("a whole number was expected")
    return argument


ACTIONS: Mapping[str, _Action] = {
    "PROTO": _protocol,
    "MARK": _push(lambda _machine, _argument: MARK),
    "NONE": _push(lambda _machine, _argument: None),
    "NEWTRUE": _push(lambda _machine, _argument: True),
    "NEWFALSE": _push(lambda _machine, _argument: False),
    **dict.fromkeys(("BININT", "BININT1", "BININT2", "LONG1"), _push(_integer)),
    "BINUNICODE": _push(lambda _machine, argument: str(argument)),
    "EMPTY_DICT": _push(lambda _machine, _argument: {}),
    "EMPTY_TUPLE": _push(lambda _machine, _argument: ()),
    "TUPLE": _push(lambda machine, _argument: tuple(machine.pop_to_mark())),
    **{f"TUPLE{count}": _tuple_of(count) for count in (1, 2, 3)},
    **dict.fromkeys(("BINPUT", "LONG_BINPUT"), _put),
    **dict.fromkeys(
        ("BINGET", "LONG_BINGET"),
        _push(lambda machine, argument: machine.get(_integer(machine, argument))),
    ),
    "GLOBAL": _push(lambda machine, argument: machine.named(str(argument))),
    "BINPERSID": _push(lambda machine, _argument: machine.storage()),
    "REDUCE": _push(lambda machine, _argument: machine.called()),
    "SETITEM": _item,
    "SETITEMS": lambda machine, _argument: machine.set_items(machine.pop_to_mark()),
    "BUILD": lambda machine, _argument: machine.built(),
    "STOP": lambda _machine, _argument: None,
}
"""What each opcode that is read does; there is no other."""


def read_pickle(data: bytes, file: str) -> dict[str, View]:
    """The tensors of a state dict's pickle, by name; `InputError` for any other pickle."""
    if len(data) > PICKLE_LIMIT:
        raise InputError(file, "data.pkl", f"{len(data)} bytes; at most {PICKLE_LIMIT} are read")
    machine = _Machine(file)
    try:
        for opcode, argument, place in pickletools.genops(data):
            machine.place = place or 0
            if opcode.name not in ACTIONS:
                raise machine.refuse(f"the opcode {opcode.name} is not read")
            ACTIONS[opcode.name](machine, argument)
    except ValueError as error:
        raise machine.refuse(f"is no complete pickle: {error}") from error
    if machine.place != len(data) - 1:
        raise machine.refuse("bytes after the end of the pickle")
    found = machine.pop()
    if machine.stack or not isinstance(found, dict):
        raise machine.refuse("a state dict was expected: names with tensors")
    views = {}
    for name, one in found.items():
        if not isinstance(one, View):
            raise machine.refuse(f"{quoted(name)} is no tensor: only a state dict is read")
        views[name] = one
    return views
