"""Strict TOML for property files: what `strict_json` is for JSON, with the same values and errors.

Numbers are kept as their text, so that no float is ever made of a file's digits; dates and times
are refused. The size is compared with a limit before anything is read; so is the number of parts of
every dotted key, for which the library's time is quadratic.

Source: TOML 1.0.0; parsing is the standard library's.
"""

import re
import tomllib
from pathlib import Path

from refsem.errors import InputError
from refsem.untrusted.files import read_bounded
from refsem.untrusted.strict_json import Number, Value

SIZE_LIMIT = 16 * 2**20
MOST_PARTS = 16
"""A dotted key, or header of a table, has at most so many parts."""

_STRINGS_AND_COMMENTS = re.compile(
    r'''"""(?:[^"\\]|\\.|"(?!""))*+(?:"""|\Z)"{0,2}'''
    r"""|'''(?:[^']|'(?!''))*+(?:'''|\Z)'{0,2}"""
    r"""|"(?:[^"\\\n]|\\[^\n])*+"?"""
    r"""|'[^'\n]*+'?|#[^\n]*+""",
    re.DOTALL,
)
"""Where one ends that is not closed does not matter: there the library finds an error."""
_LONG_KEY = re.compile(rf"(?:\.[ \t]*+[A-Za-z0-9_-]++[ \t]*+){{{MOST_PARTS}}}")


def read_toml(path: Path) -> Value:
    """The table in a TOML file; `InputError` for a file that is not strict TOML within limits."""
    return parse_toml(str(path), read_bounded(path, SIZE_LIMIT))


def parse_toml(file: str, data: bytes) -> Value:
    """The table that some bytes of a file state, their number bounded by the caller."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(file, f"byte {error.start}", "not UTF-8 text") from None
    if _LONG_KEY.search(_STRINGS_AND_COMMENTS.sub("s", text.replace("\r\n", "\n"))):
        raise InputError(file, "", f"a key of more than {MOST_PARTS} parts")
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
