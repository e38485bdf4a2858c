"""The repository keeps its own rules: sizes, names, clutter."""

import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = {"refsem", "lean_export", "tests", "docs", "examples", "benchmarks", ".ci"}
LARGEST = 1_000_000


@pytest.fixture(scope="module")
def tracked() -> list[Path]:
    run = subprocess.run(
        ["git", "ls-files", "-z"],  # noqa: S607  whichever git is there
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode != 0:
        pytest.skip("not a git checkout")
    return [Path(name) for name in run.stdout.split("\0") if name and (ROOT / name).exists()]


def test_top_level_folders_are_the_stated_ones(tracked: list[Path]) -> None:
    assert {path.parts[0] for path in tracked if len(path.parts) > 1} == FOLDERS


def test_no_file_is_large(tracked: list[Path]) -> None:
    assert not [path for path in tracked if (ROOT / path).stat().st_size > LARGEST]


def test_modules_beside_tests_have_names_of_their_own(tracked: list[Path]) -> None:
    # test folders are no packages: two modules of one name hide each other
    names = Counter(p.name for p in tracked if p.parts[0] == "tests" and p.suffix == ".py")
    rejected = {p.name for p in tracked if "corpus" in p.parts}
    shared = [name for name, count in names.items() if count > 1 and name not in rejected]
    assert [name for name in shared if name != "conftest.py"] == []


def test_nothing_generated_is_tracked(tracked: list[Path]) -> None:
    suffixes = {".pyc", ".log", ".ipynb", ".olean", ".nbi", ".nbc"}
    assert not [path for path in tracked if path.suffix in suffixes]


_NAMED = re.compile(
    r"\b(?:refsem|lean_export|tests|docs|examples|benchmarks)/[\w/.-]+\.(?:py|md|svg)\b"
)


def test_what_pages_name_is_there(tracked: list[Path]) -> None:
    gone = [
        (str(page), name)
        for page in tracked
        if page.suffix == ".md"
        for name in _NAMED.findall((ROOT / page).read_text(encoding="utf-8"))
        if not (ROOT / name).exists()
    ]
    assert gone == []


def test_stories_of_regressions_name_their_tests(tracked: list[Path]) -> None:
    tests = [(ROOT / path).read_text(encoding="utf-8") for path in tracked if path.suffix == ".py"]
    known = set(re.findall(r"def (test_\w+)", "\n".join(tests)))
    for page in tracked:
        if page.suffix == ".md" and page.parent.name == "regressions":
            named = set(
                re.findall(r"\btest_\w+\b(?!\.py)", (ROOT / page).read_text(encoding="utf-8"))
            )
            assert named <= known, (page, named - known)
