"""Strict JSON for untrusted files: what is not exactly as expected is an error with its path.

Refused here: files over a size limit, nesting over a depth limit (both before parsing), duplicate
keys, NaN and infinities, text after the value. Accessors name the path of what they refuse, such
as `tensors.relu_1.lower[3]`. Nothing in a file is ever executed.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import NoReturn

from refsem.errors import InputError

SIZE_LIMIT = 256 * 1024 * 1024
DEPTH_LIMIT = 64


@dataclass(frozen=True, slots=True)
class Value:
    """A JSON value together with the file and the path at which it stands."""

    file: str
    path: str
    value: object

    def error(self, message: str) -> InputError:
        """The error that says this about this place."""
        return InputError(self.file, self.path, message)

    def text(self) -> str:
        """The value as a string."""
        if not isinstance(self.value, str):
            raise self.error(f"{kind(self.value)} where a string was expected")
        return self.value

    def truth(self) -> bool:
        """The value as a truth value."""
        if not isinstance(self.value, bool):
            raise self.error(f"{kind(self.value)} where true or false was expected")
        return self.value

    @property
    def absent(self) -> bool:
        """Whether the value is null: stated, and stated to be nothing."""
        return self.value is None

    def has(self, *keys: str) -> bool:
        """Whether the value is an object with all these keys, whatever they hold."""
        return isinstance(self.value, dict) and all(key in self.value for key in keys)

    def items(self) -> list["Value"]:
        """The elements of a list, each with its path."""
        if not isinstance(self.value, list):
            raise self.error(f"{kind(self.value)} where a list was expected")
        return [Value(self.file, f"{self.path}[{i}]", item) for i, item in enumerate(self.value)]

    def entries(self) -> dict[str, "Value"]:
        """The members of an object, each with its path."""
        if not isinstance(self.value, dict):
            raise self.error(f"{kind(self.value)} where an object was expected")
        prefix = f"{self.path}." if self.path else ""
        return {key: Value(self.file, prefix + key, item) for key, item in self.value.items()}

    def member(self, key: str) -> "Value":
        """The member of an object under a key, whatever others there are."""
        found = self.entries()
        if key not in found:
            raise self.error(f"the key {key!r} is missing")
        return found[key]

    def members(self, required: tuple[str, ...], optional: tuple[str, ...]) -> dict[str, "Value"]:
        """The members of an object that must have these keys and may have those, no others."""
        found = self.entries()
        for key in found:
            if key not in (*required, *optional):
                raise found[key].error(f"unknown key; expected {', '.join((*required, *optional))}")
        for key in required:
            if key not in found:
                raise self.error(f"the key {key!r} is missing")
        return found


def kind(value: object) -> str:
    """What kind of JSON value this is, in words."""
    names: Mapping[type, str] = {
        bool: "a truth value",
        Number: "a number",
        str: "a string",
        list: "a list",
        dict: "an object",
        type(None): "null",
    }
    return names[type(value)]


def read_json(path: Path) -> Value:
    """The value in a JSON file; `InputError` for a file that is not strict JSON within limits."""
    return parse_json(str(path), _read(path))


def read_first_line(path: Path) -> Value:
    """The value on a file's first line; `InputError` as for `read_json`."""
    return parse_json(str(path), _read(path).partition(b"\n")[0])


def parse_json(file: str, data: bytes) -> Value:
    """The value that some bytes of a file state, their number bounded by the caller."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(file, f"byte {error.start}", "not UTF-8 text") from None
    _check_depth(file, text)
    return Value(file, "", _parsed(file, text))


def _read(path: Path) -> bytes:
    """The bytes of a regular file of bounded size; `InputError` for anything else."""
    file = str(path)
    try:
        status = path.stat()
        if S_ISDIR(status.st_mode):
            raise InputError(file, "", "is a directory, not a JSON file")
        if not S_ISREG(status.st_mode):
            raise InputError(file, "", "is not a regular file")
        if status.st_size > SIZE_LIMIT:
            raise InputError(file, "", f"{status.st_size} bytes; at most {SIZE_LIMIT} are read")
        return path.read_bytes()
    except OSError as error:
        raise InputError(file, "", error.strerror or "cannot be read") from None


def _parsed(file: str, text: str) -> object:
    def refuse_constant(name: str) -> NoReturn:
        start = next(token.start() for token in _CONSTANT.finditer(text) if token.group() == name)
        line, before = text.count("\n", 0, start) + 1, text.rfind("\n", 0, start)
        raise InputError(file, f"line {line}, column {start - before}", f"{name} is not JSON")

    def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found: dict[str, object] = {}
        for key, value in pairs:
            if key in found:
                raise InputError(file, "", f"the key {key!r} occurs twice in one object")
            found[key] = value
        return found

    try:
        # numbers are kept as their text: no float is ever made of a file's digits
        parsed: object = json.loads(
            text,
            object_pairs_hook=unique,
            parse_constant=refuse_constant,
            parse_float=Number,
            parse_int=Number,
        )
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise InputError(file, place, f"not JSON: {error.msg}") from None
    return parsed


@dataclass(frozen=True, slots=True)
class Number:
    """A JSON number: its text, as it stands in the file."""

    text: str


_CONSTANT = re.compile(r'"(?:[^"\\]|\\.)*+"|-?Infinity|NaN', re.DOTALL)
"""A string, or a name that Python's parser takes for a number."""

_TOKEN = re.compile(r'\\.|["\[\]{}]', re.DOTALL)
"""An escaped character or one that opens or closes something: no repetition, so no backtracking."""


def _check_depth(file: str, text: str) -> None:
    """Nothing if the nesting stays within the limit, strings left aside; else `InputError`."""
    depth, inside_string = 0, False
    for token in _TOKEN.finditer(text):
        character = token.group()
        if character == '"':
            inside_string = not inside_string
        elif not inside_string:
            depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(character, 0)
        if depth > DEPTH_LIMIT:
            raise InputError(
                file, f"character {token.start()}", f"nested deeper than {DEPTH_LIMIT}"
            )
