from hypothesis import given
from hypothesis import strategies as st

from lean_export.layout import WIDTH, broken, documentation, filled

words = st.text(alphabet="ab(){}⟨⟩[]+", min_size=1, max_size=30)


@given(st.lists(words, min_size=1, max_size=40), st.integers(0, 8), st.integers(0, 8))
def test_breaking_changes_only_spaces_and_keeps_the_width(
    parts: list[str], indent: int, further: int
) -> None:
    lines = broken(" ".join(parts), indent, further)
    assert " ".join(line.strip() for line in lines).split() == parts
    assert all(len(line) <= WIDTH for line in lines)
    assert lines[0].startswith(" " * indent)
    assert all(line.startswith(" " * further) for line in lines[1:])


@given(st.lists(words, min_size=1, max_size=40))
def test_filling_changes_only_spaces_and_keeps_the_width(parts: list[str]) -> None:
    lines = filled(parts, 4)
    assert " ".join(lines).split() == parts
    assert all(len(line) <= WIDTH for line in lines)


def test_a_break_prefers_the_outermost_place() -> None:
    left, right = "(a" + " + a" * 20 + ")", "(b" + " + b" * 8 + ")"
    assert broken(f"{left} ≤ {right}", 0, 2) == (f"{left} ≤", f"  {right}")


def test_a_word_longer_than_a_line_is_left_whole() -> None:
    long = "x" * 200
    assert broken(f"a {long} b", 0, 2) == ("a", f"  {long}", "  b")


def test_documentation_cannot_be_ended_by_its_text() -> None:
    (line,) = documentation("ends -/ here /- and there")
    assert line == "/-- ends - / here / - and there -/"
