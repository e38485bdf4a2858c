"""Parenthesised groups, words, decimals and their places: the surface of a VNN-LIB file.

A group is reduced to a value the moment its parenthesis closes, so no tree is built and nothing
recurses: nesting costs memory up to a stated depth, never Python's stack. Every complaint carries
the line and column (from 1, in characters) of the word or parenthesis it is about. Decimals are
exact rationals; their length and exponent are bounded before any digit is converted.

Source: the lexical rules of SMT-LIB 2.6, less quoted symbols and strings, plus what VNN-COMP
files write beyond it: a leading `-`, an exponent, a bare leading or trailing point.

Not here: what any command or operator means (`vnnlib.py`).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from gmpy2 import mpq, mpz

from refsem.errors import InputError

MAXIMUM_DEPTH = 1000
MAXIMUM_NUMBER_LENGTH = 4096
MAXIMUM_EXPONENT = 4096

_LINE_BREAK = re.compile(r"\r\n|\r|\n")
_TOKEN = re.compile(
    r"(?P<blank>(?:[ \t\r\n]|;[^\r\n]*)+)"
    r"|(?P<word>[A-Za-z0-9~!@$%^&*_+=<>.?/:-]+)"
    r"|(?P<open>\()"
    r"|(?P<close>\))"
    r"|(?P<other>.)",
    re.DOTALL,
)
_DECIMAL = re.compile(
    r"(?P<minus>-?)(?=\.?[0-9])(?P<whole>[0-9]*)(?:\.(?P<fraction>[0-9]*))?"
    r"(?:[eE](?P<down>[+-]?)(?P<exponent>[0-9]+))?"
)

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Source:
    """A text and the file it came from: what turns an offset into a place a person can find."""

    file: str
    text: str

    def place(self, offset: int) -> str:
        """`line L, column C` of the character at `offset`; CR, LF and CRLF each end a line."""
        line, start = 1, 0
        for line_break in _LINE_BREAK.finditer(self.text, 0, offset):
            line, start = line + 1, line_break.end()
        return f"line {line}, column {offset - start + 1}"

    def error(self, offset: int, message: str) -> InputError:
        """The complaint about the character at `offset`, to be raised by the caller."""
        return InputError(self.file, self.place(offset), message)


@dataclass(frozen=True, slots=True)
class Operand(Generic[Value]):
    """A bare word (still a `str`) or the value of a closed group, and where it begins."""

    value: str | Value
    offset: int


@dataclass(frozen=True, slots=True)
class _Group(Generic[Value]):
    """A parenthesis still open: its place, its first word with its place, the operands so far."""

    offset: int
    head: str
    head_offset: int
    operands: list[Operand[Value]]


def quoted(text: str) -> str:
    """The word as error messages show it: quoted, and cut when it is long."""
    return repr(text if len(text) <= 40 else text[:40] + "...")


def read_groups(
    source: Source,
    commands: Mapping[str, Callable[[int, list[Operand[Value]]], None]],
    operators: Mapping[str, Callable[[int, list[Operand[Value]]], Value]],
) -> None:
    """Every group reduced as it closes: outermost ones by `commands`, inner ones by `operators`.

    Each is called with the offset of its name and with its operands. Raises InputError for an
    unknown name, at its first sight, and for whatever is not a sequence of balanced groups at most
    `MAXIMUM_DEPTH` deep.
    """
    groups: list[_Group[Value]] = []
    tokens = _tokens(source)
    for kind, text, offset in tokens:
        match kind:
            case "open":
                if len(groups) == MAXIMUM_DEPTH:
                    raise source.error(offset, f"nested more than {MAXIMUM_DEPTH} deep")
                groups.append(_opened(source, offset, tokens, operators if groups else commands))
            case "close":
                if not groups:
                    raise source.error(offset, "this parenthesis closes nothing")
                group = groups.pop()
                if groups:
                    value = operators[group.head](group.head_offset, group.operands)
                    groups[-1].operands.append(Operand(value, group.offset))
                else:
                    commands[group.head](group.head_offset, group.operands)
            case _:
                if not groups:
                    raise source.error(offset, f"expected '(' and a command, found {quoted(text)}")
                groups[-1].operands.append(Operand(text, offset))
    if groups:
        raise source.error(groups[-1].offset, "this parenthesis is never closed")


def _opened(
    source: Source,
    offset: int,
    tokens: Iterator[tuple[str, str, int]],
    known: Mapping[str, object],
) -> _Group[Value]:
    """The group that begins at `offset`, its first word taken from `tokens` and known."""
    kind, head, head_offset = next(tokens, ("end", "", offset))
    if kind == "end":
        raise source.error(offset, "this parenthesis is never closed")
    if kind != "word":
        raise source.error(head_offset, f"expected a name after '(', found {quoted(head)}")
    if head not in known:
        raise source.error(
            head_offset,
            f"{quoted(head)} is not supported here; supported here: {', '.join(known)}",
        )
    return _Group(offset, head, head_offset, [])


def _tokens(source: Source) -> Iterator[tuple[str, str, int]]:
    """Kind, text and offset of each word and parenthesis; blanks and comments are dropped."""
    for match in _TOKEN.finditer(source.text):
        kind = match.lastgroup
        if kind == "blank":
            continue
        if kind is None or kind == "other":
            raise source.error(match.start(), f"unexpected character {quoted(match.group())}")
        yield kind, match.group(), match.start()


def read_decimal(source: Source, text: str, offset: int) -> mpq | None:
    """The exact rational a word writes, or None when the word is not a decimal.

    Raises InputError for a decimal longer than `MAXIMUM_NUMBER_LENGTH` characters or with an
    exponent beyond `MAXIMUM_EXPONENT`, before its digits are converted.
    """
    match = _DECIMAL.fullmatch(text)
    if match is None:
        return None
    if len(text) > MAXIMUM_NUMBER_LENGTH:
        raise source.error(offset, f"a number longer than {MAXIMUM_NUMBER_LENGTH} characters")
    fraction = match["fraction"] or ""
    exponent = mpz(match["exponent"] or "0", 10)
    if exponent > MAXIMUM_EXPONENT:
        raise source.error(offset, f"an exponent beyond {MAXIMUM_EXPONENT} in {quoted(text)}")
    digits = mpz(match["whole"] + fraction, 10)
    power = int(-exponent if match["down"] == "-" else exponent) - len(fraction)
    magnitude = mpq(digits * mpz(10) ** power) if power >= 0 else mpq(digits, mpz(10) ** -power)
    return -magnitude if match["minus"] else magnitude
