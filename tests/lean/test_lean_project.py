import json
from dataclasses import replace
from pathlib import Path

import pytest

import lean_export
from lean_export import manifest
from lean_export.core import CORE_THEOREMS, WHOLE_CORE
from lean_export.project import LeanSummary, project_files, stale_files, write_project
from lean_export.proofs import Proof
from lean_export.sources import blanked, forbidden_words, theorems
from lean_export.theorems import Status
from refsem.errors import InputError
from refsem.rules import BY_NAME, CATALOGUE

SMALL = (BY_NAME["relu_lower"],)
OTHER = (BY_NAME["relu_lower"], BY_NAME["start_form"])
EVERYTHING, THEOREMS = project_files(CATALOGUE)


def lean_files(content: dict[str, str]) -> dict[str, str]:
    return {path: text for path, text in content.items() if path.endswith(".lean")}


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def written(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text("utf-8")
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_the_text_is_the_same_each_time() -> None:
    assert project_files(CATALOGUE)[0] == EVERYTHING


def test_lines_are_under_a_hundred_characters() -> None:
    written_by_hand = {
        str(path): path.read_text("utf-8")
        for path in (Path(lean_export.__file__).parent / "project").rglob("*.lean")
    }
    assert len(written_by_hand) > len(WHOLE_CORE)
    for path, text in (lean_files(EVERYTHING) | written_by_hand).items():
        for number, line in enumerate(text.split("\n"), 1):
            assert len(line) < 100, (path, number)
            assert line == line.rstrip(), (path, number)


def test_no_word_that_avoids_a_proof_and_no_unannounced_sorry() -> None:
    sorries = {path: blanked(text).count("sorry") for path, text in lean_files(EVERYTHING).items()}
    assert not any(count for path, count in sorries.items() if "Statements" not in path)
    assert sum(sorries.values()) == sum(1 for one in THEOREMS if one.status is Status.STUB)
    for path, text in lean_files(EVERYTHING).items():
        assert forbidden_words(text) == (), path


def test_every_theorem_is_stated_once_and_proved_once() -> None:
    found = [one.name for text in lean_files(EVERYTHING).values() for one in theorems(text)]
    assert len(found) == len(set(found))
    for theorem in THEOREMS:
        assert f"Refsem.{theorem.statement.name}" in found
        apart = f"Refsem.Proofs.{theorem.statement.name}" in found
        assert apart == (isinstance(theorem.proof, Proof) and not theorem.proof.beside)
    stated = [name for name in found if not name.startswith("Refsem.Proofs.")]
    core = [one for path in WHOLE_CORE for one in theorems(EVERYTHING[path])]
    assert len(stated) == len(THEOREMS) + len(core)


def test_announced_theorems_of_the_core_are_there() -> None:
    core = {one.name for path in WHOLE_CORE for one in theorems(EVERYTHING[path])}
    assert set(CORE_THEOREMS) <= core
    listed = json.loads(EVERYTHING[manifest.NAME])["theorems"]
    assert len(listed) == len(THEOREMS) + len(CORE_THEOREMS)
    assert {listed[name] for name in CORE_THEOREMS} == {"closed"}


def test_the_root_imports_every_file() -> None:
    paths = {path for path in lean_files(EVERYTHING) if path != "Refsem.lean"}
    imported = {
        line.removeprefix("public import ").replace(".", "/") + ".lean"
        for line in EVERYTHING["Refsem.lean"].split("\n")
        if line.startswith("public import")
    }
    assert imported == paths


def test_writing_counts_theorems_and_says_what_is_in_the_folder(tmp_path: Path) -> None:
    summary = write_project(tmp_path / "new" / "project", SMALL)
    assert summary == LeanSummary(theorems=5, closed=5, relative=0, stubs=0)
    content = written(tmp_path / "new" / "project")
    assert content == project_files(SMALL)[0]
    listed = json.loads(content[manifest.NAME])
    assert set(listed["files"]) == set(content) - {manifest.NAME}
    assert len(listed["theorems"]) == 5
    assert names(tmp_path / "new") == ["project"]


def test_an_unedited_export_is_replaced_and_what_lake_built_stays(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    write_project(folder, OTHER)
    (folder / ".lake" / "build").mkdir(parents=True)
    (folder / ".lake" / "build" / "kept").write_text("")
    (folder / "lake-manifest.json").write_text("{}")
    write_project(folder, SMALL)
    assert (folder / ".lake" / "build" / "kept").exists()
    assert (folder / "lake-manifest.json").exists()
    assert not (folder / "Refsem" / "Statements" / "Forms.lean").exists()
    assert names(tmp_path) == ["project"]


def test_an_empty_folder_is_used(tmp_path: Path) -> None:
    write_project(tmp_path / "a", SMALL)
    (tmp_path / "b").mkdir()
    write_project(tmp_path / "b", SMALL)
    assert written(tmp_path / "a") == written(tmp_path / "b")


def refusal(folder: Path) -> str:
    before = written(folder) if folder.is_dir() else None
    with pytest.raises(InputError) as caught:
        write_project(folder, SMALL)
    assert (written(folder) if folder.is_dir() else None) == before
    assert not [name for name in names(folder.parent) if name.startswith(".")]
    return str(caught.value)


def test_a_folder_of_somebodys_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "thesis.tex").write_text("years of work")
    assert "no refsem-lean.json" in refusal(theirs)
    (theirs / manifest.NAME).write_text("{}")
    assert "not a manifest" in refusal(theirs)
    (theirs / manifest.NAME).write_text("nonsense")
    assert "not a manifest" in refusal(theirs)
    (tmp_path / "file").write_text("")
    assert "is not a folder" in refusal(tmp_path / "file")
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    assert "is the working folder" in refusal(empty)


def test_an_edited_export_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    for change in ("edit", "add", "remove"):
        write_project(folder, SMALL)
        stated = folder / "Refsem" / "Statements" / "Relu.lean"
        if change == "edit":
            stated.write_text(stated.read_text("utf-8") + "\n", "utf-8")
        elif change == "add":
            (folder / "Refsem" / "Mine.lean").write_text("theorem mine : True := trivial\n")
        else:
            stated.unlink()
        named = "Refsem/Mine.lean" if change == "add" else "Refsem/Statements/Relu.lean"
        assert named in refusal(folder)
        for path in sorted(folder.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()


def test_a_place_that_cannot_be_written_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError):
        write_project(tmp_path / "file" / "project", SMALL)


def test_a_stale_export_is_noticed(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    write_project(folder, SMALL)
    assert stale_files(folder, SMALL) == ()
    forms = {"Refsem/Proofs/Forms.lean", "Refsem/Statements/Forms.lean"}
    more = {manifest.NAME, "Refsem.lean", *forms}
    assert set(stale_files(folder, OTHER)) == more
    changed = replace(SMALL[0], because="it is another reason")
    assert "Refsem/Statements/Relu.lean" in stale_files(folder, (changed,))
    write_project(folder, OTHER)
    assert set(stale_files(folder, SMALL)) == more
