import pytest

from lean_export.batches import MOST_THEOREMS, Batch, batches, source
from lean_export.sources import FORBIDDEN, OPTIONS, blanked, forbidden_words, imports, theorems
from refsem.errors import InputError

TEXT = """/- a file -/
module

public import Refsem.Basic
import Other.One -- why

public section

namespace Refsem

/-- The doc. -/
theorem first (a : Nat) :
    a = a := by
  rfl

namespace Inner

@[simp] theorem second : True :=
  trivial

end Inner

section
def notATheorem := "theorem fake : no -- axiom"
private theorem third : True := trivial
end

end Refsem

theorem outside : True := trivial
"""


def test_blanking_keeps_lines_and_removes_comments_and_strings() -> None:
    text = 'a /- b /- c\n-/ d -/ e -- f "g\nh "i -- \\" j\n" k'
    kept = ["a", "        e", 'h "', "  k"]
    assert [line.rstrip() for line in blanked(text).split("\n")] == kept
    lengths = [len(line) for line in text.split("\n")]
    assert [len(line) for line in blanked(text).split("\n")] == lengths


def test_imports_are_found_outside_comments() -> None:
    assert imports(TEXT) == ("Refsem.Basic", "Other.One")
    assert imports("/-\nimport A\n-/\npublic import all B\n") == ("B",)


def test_theorems_have_full_names_and_lines() -> None:
    found = [(one.name, one.first, one.last) for one in theorems(TEXT)]
    assert found == [
        ("Refsem.first", 12, 15),
        ("Refsem.Inner.second", 18, 20),
        ("Refsem.third", 25, 25),
        ("outside", 30, 31),
    ]
    assert " ".join(theorems(TEXT)[0].body.split()) == "(a : Nat) : a = a := by rfl"


@pytest.mark.parametrize("word", FORBIDDEN)
def test_each_forbidden_word_is_found_with_its_line(word: str) -> None:
    assert forbidden_words(f"-- {word}\n\n x {word} y") == ((3, word),)
    assert forbidden_words(f"my{word}s") == ()
    assert forbidden_words(f"/- {word} -/") == ()


HIDDEN = {
    "a name before the word": ("exact Lean.ofReduceBool _ _ rfl", "ofReduceBool"),
    "native evaluation by another name": ("by decide +native", "native"),
    "the kernel skipped": ("set_option debug.skipKernelTC true in", "debug.skipKernelTC"),
    "no warning of a sorry": ("set_option warn.sorry false", "warn.sorry"),
    "messages swallowed": ("#guard_msgs (drop all) in", "#guard_msgs"),
    "the rest not read": ("#exit", "#exit"),
    "a quote that begins no string": ("def c := '\"'\naxiom bad : False", '"'),
    "a string that ends sooner": ('def c := r"\\" axiom bad : False', '"'),
    "a name that looks like a comment": ("def «--» := 1 axiom bad : False", "«"),
    "an order that is another": ('local infix:50 " ≤ " => other', "infix"),
}


@pytest.mark.parametrize("case", HIDDEN)
def test_nothing_is_hidden_from_the_search_for_words(case: str) -> None:
    text, word = HIDDEN[case]
    assert any(word in found for _, found in forbidden_words(text))


@pytest.mark.parametrize("option", OPTIONS)
def test_the_options_that_our_files_set_may_be_set(option: str) -> None:
    assert forbidden_words(f"set_option {option} 3 in") == ()
    assert forbidden_words(f"set_option {option}.more 3") == ((1, f"set_option {option}.more"),)


def test_longer_words_are_not_mistaken() -> None:
    assert forbidden_words("axiomatic elaborate x_axiom Lean.axioms «by» #[1] h.symm") == ()


def ours(imported: tuple[str, ...], body: str, *, opening: str = "public section") -> str:
    lines = "\n".join(f"public import {module}" for module in imported)
    return f"module\n\n{lines}\n\n{opening}\n\nnamespace N\n{body}\nend N\n"


def batched(files: dict[str, str]) -> tuple[Batch, ...]:
    made = [source(path, text) for path, text in files.items()]
    return batches({one.module: one for one in made})


EXPOSED = "@[expose] public section"
TRIVIAL = "theorem x : True := trivial"
THREE = {
    "Refsem.lean": "module\n\npublic import Refsem.Statements.A\n",
    "Refsem/Basic.lean": ours((), "theorem core : True := trivial", opening=EXPOSED),
    "Refsem/Proofs/A.lean": ours(("Refsem.Basic", "Std.Data"), "theorem p : True :=\n  trivial"),
    "Refsem/Statements/A.lean": ours(("Refsem.Basic", "Refsem.Proofs.A"), "theorem s : True := p"),
}


def test_a_family_is_one_batch_after_the_core_and_the_root_none() -> None:
    core, family = batched(THREE)
    assert (core.module, core.needs) == ("Refsem.Basic", ())
    assert family.needs == ("Refsem.Basic",)
    assert set(family.checks.values()) == {"N.p", "N.s"}
    lines = family.text.split("\n")
    assert lines[:3] == ["module", "public import Refsem.Basic", "public import Std.Data"]
    assert lines.count("public section") == 2
    assert lines.count("end") == 2
    assert [line for line in lines if "import" in line] == lines[1:3]
    assert lines.index("theorem p : True :=") < lines.index("theorem s : True := p")


def test_families_do_not_wait_for_what_they_do_not_need() -> None:
    files = {
        **THREE,
        "Refsem/Deep.lean": ours(("Refsem.Basic",), TRIVIAL, opening=EXPOSED),
        "Refsem/Deeper.lean": ours(("Refsem.Deep",), TRIVIAL, opening=EXPOSED),
    }
    core, other, family = batched(files)
    assert set(core.checks.values()) == {"N.core"}
    assert set(family.checks.values()) == {"N.p", "N.s"}
    # Nor does that wait for the core: it has a copy of what it needs.
    assert len(other.checks) == 3
    assert (other.needs, family.needs) == ((), ("Refsem.Basic",))
    assert other.text.count("theorem core") == 1
    assert "import" not in other.text


def test_what_others_import_has_no_copies() -> None:
    files = {
        **THREE,
        "Refsem/Deep.lean": ours(("Refsem.Basic",), TRIVIAL, opening=EXPOSED),
        "Refsem/Run/One.lean": ours(("Refsem.Deep", "Refsem.Statements.A"), TRIVIAL),
    }
    core, other, family, run = batched(files)
    assert other.needs == family.needs == (core.module,)
    assert run.needs == (other.module, family.module)
    assert "theorem core" not in other.text


def test_every_line_of_a_batch_stands_for_its_line() -> None:
    for batch in batched(THREE):
        lines = batch.text.rstrip("\n").split("\n")
        assert len(lines) == len(batch.places)
        for line, place in zip(lines, batch.places, strict=True):
            if place is not None:
                assert THREE[place.path].split("\n")[place.line - 1] == line
        for number, name in batch.checks.items():
            assert lines[number - 1] == f"#check @{name}"


def test_a_file_laid_out_otherwise_is_a_batch_of_its_own() -> None:
    files = {**THREE, "Refsem/Proofs/B.lean": f"import Refsem.Proofs.A -- why\n{TRIVIAL}\n"}
    _, family, alone = batched(files)
    assert alone.module == "Refsem.Proofs.B"
    assert alone.text.split("\n")[0] == f"import {family.module}"
    assert alone.needs == (family.module,)


def test_large_families_are_apart_and_small_ones_together() -> None:
    many = "\n".join(f"theorem t{n} : True := trivial" for n in range(MOST_THEOREMS // 2 + 1))
    files = {f"Refsem/Proofs/{name}.lean": ours((), many) for name in "AB"}
    files |= {f"Refsem/Proofs/{name}.lean": ours((), TRIVIAL) for name in "CD"}
    first, second = batched(files)
    assert [len(batch.checks) for batch in (first, second)] == [
        MOST_THEOREMS // 2 + 1,
        MOST_THEOREMS // 2 + 3,
    ]


def test_a_circle_through_grouping_is_taken_apart_and_a_real_one_refused() -> None:
    files = {
        "Refsem/Proofs/A.lean": ours((), TRIVIAL),
        "Middle.lean": ours(("Refsem.Proofs.A",), TRIVIAL),
        "Refsem/Statements/A.lean": ours(("Middle",), TRIVIAL),
    }
    assert [batch.module for batch in batched(files)] == [
        "Refsem.Proofs.A",
        "Middle",
        "Refsem.Statements.A",
    ]
    files["Refsem/Proofs/A.lean"] = ours(("Refsem.Statements.A",), TRIVIAL)
    with pytest.raises(InputError, match="import each other in a circle"):
        batched(files)
