"""The pickle inside a torch state dict, read without unpickling: nothing in it is executed.

A pickle is a program for a small machine. The opcodes that `torch.save` of a state dict needs are
interpreted here on values of our own: texts, numbers, tuples, dictionaries, and names of classes,
which stay names. Four names may be called, and what calling them means is written below: an ordered
dictionary, a storage (which names a file of the archive and how many entries it has), a tensor as
a view of a storage, and a parameter, which is its tensor. Every other opcode, name or call is
refused with its place in the pickle.

Source: CPython's pickletools (protocol 2); torch/_utils.py, `_rebuild_tensor_v2`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from refsem.errors import InputError
from refsem.ir.onnx_values import NAME_LIMIT, RANK_LIMIT, quoted
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


_Action: TypeAlias = Callable[[_Machine, bytes], None]


def _push(make: Callable[[_Machine, bytes], "Held | _Mark"]) -> _Action:
    return lambda machine, argument: machine.stack.append(make(machine, argument))


def _tuple_of(count: int) -> _Action:
    def action(machine: _Machine, _argument: bytes) -> None:
        machine.stack.append(tuple([machine.pop() for _ in range(count)][::-1]))

    return action


def _protocol(machine: _Machine, argument: bytes) -> None:
    if argument != b"\x02":
        raise machine.refuse(f"pickle protocol {argument[0]}; torch writes protocol 2")


def _item(machine: _Machine, _argument: bytes) -> None:
    value, key = machine.pop(), machine.pop()
    machine.set_items([key, value])


def _text(machine: _Machine, argument: bytes) -> str:
    try:
        return argument.decode("utf-8")
    except UnicodeDecodeError:
        raise machine.refuse("a text that is not UTF-8") from None


def _natural(argument: bytes) -> int:
    return int.from_bytes(argument, "little")


_NOTHING, _LINES = 0, -1
"""How many bytes an argument has; for a text or a long, in how many bytes its length stands."""


@dataclass(frozen=True, slots=True)
class _Opcode:
    """What an opcode does, and how its argument is written."""

    action: _Action
    width: int = _NOTHING
    counted: bool = False
    """Whether the argument is a length of that many bytes and then so many bytes."""


_NATURAL = _push(lambda _machine, argument: _natural(argument))
_SIGNED = _push(lambda _machine, argument: int.from_bytes(argument, "little", signed=True))
_PUT: _Action = lambda machine, argument: machine.put(_natural(argument))  # noqa: E731
_GET = _push(lambda machine, argument: machine.get(_natural(argument)))

OPCODES: Mapping[bytes, _Opcode] = {
    b"\x80": _Opcode(_protocol, 1),
    b"(": _Opcode(_push(lambda _machine, _argument: MARK)),
    b"N": _Opcode(_push(lambda _machine, _argument: None)),
    b"\x88": _Opcode(_push(lambda _machine, _argument: True)),
    b"\x89": _Opcode(_push(lambda _machine, _argument: False)),
    b"K": _Opcode(_NATURAL, 1),
    b"M": _Opcode(_NATURAL, 2),
    b"J": _Opcode(_SIGNED, 4),
    b"\x8a": _Opcode(_SIGNED, 1, counted=True),
    b"X": _Opcode(_push(_text), 4, counted=True),
    b"}": _Opcode(_push(lambda _machine, _argument: {})),
    b")": _Opcode(_push(lambda _machine, _argument: ())),
    b"t": _Opcode(_push(lambda machine, _argument: tuple(machine.pop_to_mark()))),
    b"\x85": _Opcode(_tuple_of(1)),
    b"\x86": _Opcode(_tuple_of(2)),
    b"\x87": _Opcode(_tuple_of(3)),
    b"q": _Opcode(_PUT, 1),
    b"r": _Opcode(_PUT, 4),
    b"h": _Opcode(_GET, 1),
    b"j": _Opcode(_GET, 4),
    b"c": _Opcode(_push(lambda machine, argument: machine.named(_text(machine, argument))), _LINES),
    b"Q": _Opcode(_push(lambda machine, _argument: machine.storage())),
    b"R": _Opcode(_push(lambda machine, _argument: machine.called())),
    b"s": _Opcode(_item),
    b"u": _Opcode(lambda machine, _argument: machine.set_items(machine.pop_to_mark())),
    b"b": _Opcode(lambda machine, _argument: machine.built()),
}
"""What each opcode that is read does, the end (`.`) aside; no other is even decoded."""


def _argument(machine: _Machine, data: bytes, opcode: _Opcode) -> tuple[bytes, int]:
    """The argument's bytes, and where the next opcode stands."""
    start = machine.place + 1
    if opcode.width == _LINES:
        parts = data[start : start + NAME_LIMIT].split(b"\n", 2)
        if len(parts) < 3:
            raise machine.refuse("a name that does not end")
        return b" ".join(parts[:2]), start + len(parts[0]) + len(parts[1]) + 2
    end = start + opcode.width
    if opcode.counted:
        start, end = end, end + _natural(data[start:end])
    if end > len(data):
        raise machine.refuse("it ends within an argument")
    return data[start:end], end


def read_pickle(data: bytes, file: str) -> dict[str, View]:
    """The tensors of a state dict's pickle, by name; `InputError` for any other pickle."""
    if len(data) > PICKLE_LIMIT:
        raise InputError(file, "data.pkl", f"{len(data)} bytes; at most {PICKLE_LIMIT} are read")
    machine = _Machine(file)
    while data[machine.place : machine.place + 1] != b".":
        code = data[machine.place : machine.place + 1]
        if code not in OPCODES:
            what = f"the opcode {code!r} is not read" if code else "it has no end"
            raise machine.refuse(what)
        argument, following = _argument(machine, data, OPCODES[code])
        OPCODES[code].action(machine, argument)
        machine.place = following
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
