"""Strict TOML for property files: what `strict_json` is for JSON, with the same values and errors.

Numbers are kept as their text, so that no float is ever made of a file's digits; dates and times
are refused. The size is compared with a limit before anything is read.

Source: TOML 1.0.0; parsing is the standard library's.
"""

import tomllib
from pathlib import Path

from refsem.errors import InputError
from refsem.untrusted.files import read_bounded
from refsem.untrusted.strict_json import Number, Value

SIZE_LIMIT = 16 * 2**20


def read_toml(path: Path) -> Value:
    """The table in a TOML file; `InputError` for a file that is not strict TOML within limits."""
    return parse_toml(str(path), read_bounded(path, SIZE_LIMIT))


def parse_toml(file: str, data: bytes) -> Value:
    """The table that some bytes of a file state, their number bounded by the caller."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(file, f"byte {error.start}", "not UTF-8 text") from None
    try:
        parsed: dict[str, object] = tomllib.loads(text, parse_float=Number)
        return Value(file, "", _converted(file, "", parsed))
    except RecursionError:
        raise InputError(file, "", "nested too deeply") from None
    except tomllib.TOMLDecodeError as error:
        raise InputError(file, "", f"not TOML: {error}") from None
    except ValueError as error:
        # an integer of more digits than the interpreter turns into a number
        raise InputError(file, "", f"not TOML of ours: {error}") from None


def _converted(file: str, path: str, value: object) -> object:
    """The value in the types of `strict_json`; `InputError` for what JSON has no word for."""
    if isinstance(value, bool | str | Number):
        return value
    if isinstance(value, int):
        return Number(str(value))
    if isinstance(value, list):
        return [_converted(file, f"{path}[{i}]", item) for i, item in enumerate(value)]
    if isinstance(value, dict):
        prefix = f"{path}." if path else ""
        return {key: _converted(file, prefix + key, item) for key, item in value.items()}
    raise InputError(file, path, "a date or time, which no property states")
