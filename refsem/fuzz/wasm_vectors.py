"""Conformance vectors from WebAssembly scripts: `assert_return` and `assert_trap` on functions.

A script is modules and assertions about what their exported functions answer; an assertion is
about the module before it. Results are patterns, or `nan:canonical` (either sign, no payload) or
`nan:arithmetic` (any quiet NaN). Flags do not exist here.

What is not delivered (functions with memory, loops or binary64 arithmetic, assertions about the
text or the validity of modules) is skipped by name; malformed text is an `InputError`.
"""

import gzip
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from refsem.errors import InputError
from refsem.fuzz.wasm_program import (
    TYPES,
    WIDTHS,
    Implementation,
    Program,
    Trapped,
    Unsupported,
    compile_function,
    literal,
)
from refsem.fuzz.wasm_text import Atom, Form, read_forms
from refsem.rounding import Format

ANY_RESULT = {
    "assert_return_canonical_nan": "nan:canonical",
    "assert_return_arithmetic_nan": "nan:arithmetic",
}
"""Older forms whose expected result is a class of NaNs, by that class."""

_WITHOUT_ASSERTION = ("invoke", "register", "get")


@dataclass(frozen=True, slots=True)
class Expected:
    """What an assertion expects: a text for people, and the patterns that meet it."""

    text: str
    accepts: Callable[[int | Trapped], bool]


@dataclass(frozen=True, slots=True)
class Assertion:
    """One assertion: a function on operands, and what it must answer."""

    name: str
    program: Program
    operands: tuple[int, ...]
    expected: Expected
    file: str
    line: int

    def run(self, implementation: Implementation) -> int | Trapped | Unsupported:
        """What the implementation answers."""
        return self.program.run(implementation, self.operands)


@dataclass(frozen=True, slots=True)
class SkippedAssertion:
    """An assertion about something this project does not deliver."""

    file: str
    line: int
    reason: str


def read_wast(path: Path) -> Iterator[Assertion | SkippedAssertion]:
    """The assertions of one script, in order; `InputError` where its text is malformed."""
    text = _text(path)
    try:
        yield from _assertions(read_forms(text), str(path))
    except ValueError as error:
        raise InputError(str(path), "", str(error)) from error


def _assertions(forms: list[Form], file: str) -> Iterator[Assertion | SkippedAssertion]:
    functions: dict[str, Program | Unsupported] = {}
    for form in forms:
        if form.head == "module":
            functions = _exports(form)
        elif form.head.startswith("assert_"):
            yield _assertion(form, functions, file)
        elif form.head not in _WITHOUT_ASSERTION:
            raise ValueError(f"line {form.line}: {form.head!r} is no part of a script")


def _text(path: Path) -> str:
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rt", encoding="utf-8") as script:
            return str(script.read())
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise InputError(str(path), "", str(error)) from error


def _exports(module: Form) -> dict[str, Program | Unsupported]:
    """The exported functions of a module by name; none of one given as bytes or as a string."""
    found: dict[str, Program | Unsupported] = {}
    for field in module.items[1:]:
        if not isinstance(field, Form) or field.head != "func":
            continue
        names = [
            item.items[1].text
            for item in field.items
            if isinstance(item, Form)
            and item.head == "export"
            and len(item.items) == 2
            and isinstance(item.items[1], Atom)
        ]
        if names:
            program = compile_function(field)
            found.update(dict.fromkeys(names, program))
    return found


def _assertion(
    form: Form, functions: dict[str, Program | Unsupported], file: str
) -> Assertion | SkippedAssertion:
    invoked = form.items[1] if len(form.items) > 1 else None
    known = form.head in ("assert_return", "assert_trap", *ANY_RESULT)
    if not known or not isinstance(invoked, Form) or invoked.head != "invoke":
        return SkippedAssertion(file, form.line, f"{form.head} of something else than a function")
    name, *arguments = invoked.items[1:] or (None,)
    if not isinstance(name, Atom) or not name.quoted:
        return SkippedAssertion(file, form.line, "a function of a module by another name")
    program = functions.get(name.text, Unsupported("no exported function in text has this name"))
    if isinstance(program, Unsupported):
        return SkippedAssertion(file, form.line, program.reason)
    constants = [literal(item) for item in arguments if isinstance(item, Form)]
    if tuple(type_ for type_, _ in constants) != program.parameters:
        raise ValueError(f"line {form.line}: {name.text} takes {len(program.parameters)} operands")
    expected = _expected(form, program.result)
    if isinstance(expected, Unsupported):
        return SkippedAssertion(file, form.line, expected.reason)
    patterns = tuple(pattern for _, pattern in constants)
    return Assertion(name.text, program, patterns, expected, file, form.line)


def _expected(form: Form, type_: str) -> Expected | Unsupported:
    if form.head == "assert_trap":
        return Expected("a trap", lambda answer: isinstance(answer, Trapped))
    if form.head in ANY_RESULT:
        return _nan_class(TYPES[type_], ANY_RESULT[form.head])
    results = form.items[2:]
    if len(results) != 1 or not isinstance(results[0], Form):
        return Unsupported("not exactly one result is expected")
    result = results[0]
    if result.head == "either":
        return Unsupported("one of several results is expected")
    if result.head != f"{type_}.const":
        raise ValueError(f"line {result.line}: the function answers one {type_}")
    word = result.items[-1].text if isinstance(result.items[-1], Atom) else ""
    if word in ANY_RESULT.values():
        return _nan_class(TYPES[type_], word)
    pattern = literal(result)[1]
    digits = WIDTHS[type_] // 4
    return Expected(f"{pattern:0{digits}X}", lambda answer: answer == pattern)


def _nan_class(format_: Format | None, word: str) -> Expected:
    if format_ is None:
        raise ValueError(f"{word} is not an integer")
    magnitude, least = ~format_.sign_bit, format_.canonical_nan
    if word == "nan:canonical":
        return Expected(word, lambda x: isinstance(x, int) and x & magnitude == least)
    return Expected(word, lambda x: isinstance(x, int) and x & least == least)
