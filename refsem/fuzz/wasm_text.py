"""The text of WebAssembly scripts: nested forms with line numbers, and number literals as patterns.

A form is a list of forms and atoms; an atom is a word or a string. Nothing is interpreted here
beyond comments and brackets. Literals are those of the WebAssembly text format: underscores
between digits, hexadecimal with an optional exponent, `nan:0x…` with any payload.

Malformed text is a `ValueError` that begins with its line.
"""

import re
from dataclasses import dataclass

from refsem.rounding import RISCV, Format, Mode
from refsem.rounding.environment import OVERFLOW
from refsem.rounding.text import read_text

_TOKEN = re.compile(
    r"(?P<blank>\s+|;;[^\n]*)"
    r"|(?P<open>\()(?!;)"
    r"|(?P<close>\))"
    r'|(?P<string>"(?:[^"\\\n]|\\.)*")'
    r"|(?P<word>[^\s()\";]+)"
)
DEEPEST = 200
"""Brackets within brackets; scripts written by people have far fewer."""

_COMMENT = re.compile(r"\(;|;\)")
_SEPARATED = re.compile(r"(?<=[0-9])_(?=[0-9])")
_SEPARATED_HEXADECIMAL = re.compile(r"(?<=[0-9a-fA-F])_(?=[0-9a-fA-F])")
_NUMERAL = re.compile(r"[+-]?(?:[0-9].*|inf)", re.DOTALL)
_INTEGER = re.compile(r"[+-]?(?:0x[0-9a-fA-F]+|[0-9]+)")
_NAN = re.compile(r"(?P<sign>[+-]?)nan(?::0x(?P<payload>[0-9a-fA-F]+))?")


@dataclass(frozen=True, slots=True)
class Atom:
    """A word or a string (its text between the quotes, escapes untouched)."""

    text: str
    line: int
    quoted: bool


@dataclass(frozen=True, slots=True)
class Form:
    """A bracketed list."""

    items: tuple["Atom | Form", ...]
    line: int

    @property
    def head(self) -> str:
        """The word the form begins with; empty if it begins with none."""
        first = self.items[0] if self.items else None
        return first.text if isinstance(first, Atom) and not first.quoted else ""


def read_forms(text: str) -> list[Form]:
    """The top-level forms of a script, in order."""
    open_forms: list[tuple[int, list[Atom | Form]]] = []
    found: list[Form] = []
    position, line = 0, 1
    while position < len(text):
        end = _comment_end(text, position, line)
        if end == position:
            token = _TOKEN.match(text, position)
            if token is None:
                raise ValueError(f"line {line}: {text[position : position + 20]!r} is no token")
            end = token.end()
            _place(token, line, open_forms, found)
        line += text.count("\n", position, end)
        position = end
    if open_forms:
        raise ValueError(f"line {open_forms[-1][0]}: a bracket is not closed")
    return found


def _place(
    token: re.Match[str],
    line: int,
    open_forms: list[tuple[int, list[Atom | Form]]],
    found: list[Form],
) -> None:
    """Add one token to the forms under construction."""
    match token.lastgroup:
        case "blank":
            return
        case "open":
            if len(open_forms) == DEEPEST:
                raise ValueError(f"line {line}: more than {DEEPEST} brackets are open")
            open_forms.append((line, []))
            return
        case "close":
            if not open_forms:
                raise ValueError(f"line {line}: a bracket is closed that was not opened")
            started, items = open_forms.pop()
            form = Form(tuple(items), started)
            if not open_forms:
                found.append(form)
                return
            item: Atom | Form = form
        case _:
            quoted = token.lastgroup == "string"
            item = Atom(token[0][1:-1] if quoted else token[0], line, quoted)
    if not open_forms:
        raise ValueError(f"line {line}: {token[0]!r} stands outside all brackets")
    open_forms[-1][1].append(item)


def _comment_end(text: str, position: int, line: int) -> int:
    """Where the block comment at `position` ends, or `position`; they nest."""
    if not text.startswith("(;", position):
        return position
    depth, end = 1, position + 2
    while depth:
        mark = _COMMENT.search(text, end)
        if mark is None:
            raise ValueError(f"line {line}: a comment is not closed")
        depth += 1 if mark[0] == "(;" else -1
        end = mark.end()
    return end


def _joined(text: str) -> str:
    """A literal without the underscores between its digits; `ValueError` for any other one."""
    separated = _SEPARATED_HEXADECIMAL if "0x" in text else _SEPARATED
    joined = separated.sub("", text)
    if "_" in joined:
        raise ValueError(f"{text!r} is not a number")
    return joined


def integer_pattern(width: int, text: str) -> int:
    """The two's complement pattern of an integer literal; `ValueError` if none of that width."""
    joined = _joined(text)
    if _INTEGER.fullmatch(joined) is None:
        raise ValueError(f"{text!r} is not an integer")
    number = int(joined, 16 if "x" in joined else 10)
    if not -(1 << (width - 1)) <= number < 1 << width:
        raise ValueError(f"{text!r} does not fit {width} bits")
    return number % (1 << width)


def float_pattern(format_: Format, text: str) -> int:
    """The pattern of a float literal, rounded to nearest; `ValueError` if it is none or too big."""
    joined = _joined(text)
    nan = _NAN.fullmatch(joined)
    if nan is not None:
        payload = int(nan["payload"], 16) if nan["payload"] else format_.quiet_bit
        if not 0 < payload < format_.least_normal:
            raise ValueError(f"{text!r} is not a NaN of {format_.width} bits")
        return (format_.sign_bit if nan["sign"] == "-" else 0) | format_.infinity | payload
    if _NUMERAL.fullmatch(joined) is None:
        raise ValueError(f"{text!r} is not a number")
    read = read_text(format_, Mode.RNE, joined, RISCV)
    if read.flags.bits & OVERFLOW:
        raise ValueError(f"{text!r} is out of range")
    return read.bits
