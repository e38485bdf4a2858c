"""Breaking Lean text into lines: where a line is too long, at the space that is nested least.

Invariant: no line is longer than `WIDTH` unless it is one unbreakable word. Lean does not mind
where an expression is broken as long as the rest is indented further than its tactic.
"""

from collections.abc import Iterable

WIDTH = 94
"""Under a hundred, with room for ` := by` at the end and two spaces before it."""
_OPENING, _CLOSING = "([{⟨", ")]}⟩"


def broken(text: str, indent: int, further: int) -> tuple[str, ...]:
    """The text as lines: the first indented by `indent`, the others by `further`."""
    lines = []
    margin = indent
    while margin + len(text) > WIDTH:
        at = _best_space(text, WIDTH - margin)
        if at < 0:
            break
        lines.append(" " * margin + text[:at])
        text, margin = text[at + 1 :], further
    lines.append(" " * margin + text)
    return tuple(lines)


def _best_space(text: str, room: int) -> int:
    """The last of the least nested spaces before the room ends; beyond it if there is none."""
    best, best_depth, depth = -1, 0, 0
    for index, character in enumerate(text):
        if index > room and best >= 0:
            return best
        if character == " " and (best < 0 or depth <= best_depth):
            best, best_depth = index, depth
        depth += (character in _OPENING) - (character in _CLOSING)
    return best


def filled(words: Iterable[str], indent: int) -> tuple[str, ...]:
    """Words packed into lines of equal indentation; a word too long for a line is broken."""
    lines: list[str] = []
    for word in words:
        if lines and len(lines[-1]) + 1 + len(word) <= WIDTH:
            lines[-1] = f"{lines[-1]} {word}"
        else:
            lines.extend(broken(word, indent, indent + 2))
    return tuple(lines)


def documentation(text: str) -> tuple[str, ...]:
    """A doc comment holding the text, in one paragraph."""
    *words, last = f"/-- {harmless(text)}".split()
    return filled((*words, f"{last} -/"), 0)


def harmless(text: str) -> str:
    """The text with nothing in it that would end or nest a comment."""
    return text.replace("-/", "- /").replace("/-", "/ -")
