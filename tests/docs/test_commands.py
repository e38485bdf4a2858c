"""Every command shown in the README and in docs/ is run here, and prints what is shown."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
STATUS = re.compile(r"\s+# exit status (\d)$")
SECONDS = re.compile(r"\d+\.\d+ s\b")
GAP = "…"


@dataclass(frozen=True)
class Shown:
    """A command as a page shows it: its words, its exit status, the lines of its output."""

    command: str
    status: int
    output: tuple[str, ...]


def shown_commands(block: str) -> list[Shown]:
    found: list[Shown] = []
    for line in block.splitlines():
        if line.startswith("$ "):
            match = STATUS.search(line)
            found.append(Shown(STATUS.sub("", line[2:]), int(match[1]) if match else 0, ()))
        else:
            last = found[-1]
            found[-1] = Shown(last.command, last.status, (*last.output, line))
    return found


def blocks() -> list[object]:
    return [
        pytest.param(block, id=f"{page.name}-{number}")
        for page in PAGES
        for number, block in enumerate(BLOCK.findall(page.read_text(encoding="utf-8")))
    ]


def matches(shown: tuple[str, ...], printed: list[str]) -> bool:
    """Whether the printed lines are the shown ones, a gap standing for any lines."""
    if not shown:
        return not printed
    if shown[0] == GAP:
        return any(matches(shown[1:], printed[skip:]) for skip in range(len(printed) + 1))
    return bool(printed) and shown[0] == printed[0] and matches(shown[1:], printed[1:])


def normalised(lines: list[str]) -> list[str]:
    return [SECONDS.sub("T s", line.rstrip()) for line in lines]


@pytest.mark.parametrize("block", blocks())
def test_commands_print_what_the_page_shows(block: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    if "$REFSEM_DATA" in block and not os.environ.get("REFSEM_DATA"):
        if os.environ.get("REFSEM_REQUIRE_DATA") == "1":
            pytest.fail("REFSEM_DATA is not set: third-party data absent")
        pytest.skip("REFSEM_DATA is not set: third-party data absent")
    for shown in shown_commands(block):
        words = [os.path.expandvars(word) for word in shlex.split(shown.command)]
        programs = {"refsem": [sys.executable, "-m", "refsem"], "python": [sys.executable]}
        run = subprocess.run(
            [*programs[words[0]], *words[1:]],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert run.returncode == shown.status, run.stderr
        printed = normalised(run.stdout.splitlines())
        assert matches(tuple(normalised(list(shown.output))), printed), run.stdout


def test_a_wrong_page_is_noticed() -> None:
    assert matches(("a", GAP, "c"), ["a", "b", "b", "c"])
    assert not matches(("a", GAP, "d"), ["a", "b", "c"])
    assert not matches(("a",), ["a", "b"])
    assert not matches(("a", "b"), ["a"])


def test_every_shown_command_is_in_a_block_that_is_run() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        outside = BLOCK.sub("", text)
        assert not re.search(r"^\$ ", outside, re.MULTILINE), page.name


def test_generated_pages_are_up_to_date() -> None:
    command = [sys.executable, str(ROOT / "docs" / "generate.py"), "--check"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout


def test_relative_links_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
