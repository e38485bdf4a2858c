"""What a Lean file says of itself: its imports, its theorems and where they stand, bad words.

This reads the layout of our own files, not Lean's grammar: a command begins in the first column
and ends before the next one; comments and strings are blanked first. Whether a theorem is proved
is for Lean to say; what stands here is where to look when Lean complains.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

FORBIDDEN = (
    "axiom",
    "native_decide",
    "native",
    "ofReduceBool",
    "ofReduceNat",
    "reduceBool",
    "reduceNat",
    "trustCompiler",
    "bv_decide",
    "sorryAx",
    "lcProof",
    "admit",
    "unsafe",
    "opaque",
    "implemented_by",
    "extern",
    "csimp",
    "elab",
    "elab_rules",
    "by_elab",
    "macro",
    "macro_rules",
    "syntax",
    "declare_syntax_cat",
    "notation",
    "infix",
    "infixl",
    "infixr",
    "prefix",
    "postfix",
    "simproc",
    "addDecl",
    "run_cmd",
    "run_elab",
    "run_meta",
    "run_tac",
    "initialize",
    "builtin_initialize",
)
"""Words with which something could be called a theorem that the kernel has not seen proved, or
could be read otherwise than it is written."""

OPTIONS = (
    "exponentiation.threshold",
    "linter.unusedSectionVars",
    "linter.unusedVariables",
    "maxRecDepth",
)
"""The options that our files set; another one might skip the kernel, or hide a `sorry`."""

# A name may come before a word: `Lean.ofReduceBool`. No file of ours has a command that begins
# with `#`, a string, or a name in `«»` of anything but letters: in these, words could be hidden.
_FORBIDDEN = re.compile(
    r"(?<!\w)(" + "|".join(map(re.escape, FORBIDDEN)) + r")(?!\w)"
    r"|(set_option(?!\s+(?:" + "|".join(map(re.escape, OPTIONS)) + r")\s)\s*\S*)"
    r"|(#[a-z]\w*|\"|«(?![\w.]+»))"
)
_IMPORT = re.compile(r"^(?:public )?(?:meta )?import (?:all )?(\S+) *$", re.MULTILINE)
_THEOREM = re.compile(r"^(?:(?:private|protected|public|@\[[^\]]*\]) )*(?:theorem|lemma) (\S+)")
_SCOPE = re.compile(r"^(?:(?:@\[expose\] )?(?:public |noncomputable )*section|namespace)\b ?(\S*)")
_END = re.compile(r"^end\b")


@dataclass(frozen=True, slots=True)
class Declared:
    """A theorem: its full name, and its first and last line (from 1)."""

    name: str
    first: int
    last: int
    body: str
    """What follows its name, without comments."""

    def spans(self, line: int) -> bool:
        """Whether a line of the file belongs to it."""
        return self.first <= line <= self.last


def blanked(text: str) -> str:
    """The text with comments, and strings but for a quote, replaced by spaces, in place."""
    kept: list[str] = []
    index, depth = 0, 0
    while index < len(text):
        pair = text[index : index + 2]
        if pair == "/-" or (pair == "-/" and depth):
            depth += 1 if pair == "/-" else -1
            kept.append("  ")
            index += 2
        elif depth == 0 and (pair == "--" or text[index] == '"'):
            end = _end_of_line(text, index) if pair == "--" else _end_of_string(text, index)
            kept.append(text[index] if text[index] == '"' else " ")
            kept.extend("\n" if character == "\n" else " " for character in text[index + 1 : end])
            index = end
        else:
            kept.append(text[index] if depth == 0 or text[index] == "\n" else " ")
            index += 1
    return "".join(kept)


def _end_of_line(text: str, index: int) -> int:
    end = text.find("\n", index)
    return len(text) if end < 0 else end


def _end_of_string(text: str, index: int) -> int:
    index += 1
    while index < len(text) and text[index] != '"':
        index += 2 if text[index] == "\\" else 1
    return min(index + 1, len(text))


def imports(text: str) -> tuple[str, ...]:
    """The modules a file imports, in order."""
    return tuple(_IMPORT.findall(blanked(text)))


def forbidden_words(text: str) -> tuple[tuple[int, str], ...]:
    """Each forbidden word, option, command and string outside comments, with its line."""
    return tuple(
        (number, found[0])
        for number, line in enumerate(blanked(text).split("\n"), 1)
        for found in _FORBIDDEN.finditer(line)
    )


def theorems(text: str) -> tuple[Declared, ...]:
    """Every theorem of a file, in order."""
    lines = blanked(text).split("\n")
    starts = [number for number, line in enumerate(lines) if line[:1].strip()]
    following = dict(zip(starts, [*starts[1:], len(lines)], strict=True))
    return tuple(
        Declared(name, start + 1, following[start], _after_name(lines[start : following[start]]))
        for start, name in _named(lines, starts)
    )


def _named(lines: list[str], starts: list[int]) -> Iterator[tuple[int, str]]:
    """The line and full name of each theorem, following namespaces as they open and close."""
    scopes: list[str] = []
    for start in starts:
        line = lines[start]
        if found := _SCOPE.match(line):
            scopes.append(found[1] if line.startswith("namespace") else "")
        elif _END.match(line) and scopes:
            scopes.pop()
        elif found := _THEOREM.match(line):
            yield start, ".".join(part for part in (*scopes, found[1]) if part)


def _after_name(lines: list[str]) -> str:
    return _THEOREM.sub("", "\n".join(lines), count=1)
