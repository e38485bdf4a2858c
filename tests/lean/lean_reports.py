"""Writing a project for a real Lean, and what it says of it."""

from collections.abc import Mapping
from pathlib import Path

from lean_export.checker import LIMITS, LeanReport, Verdict, check_project
from lean_export.toolchain import Lean


def write_files(content: Mapping[str, str], directory: Path) -> None:
    """Write files by their paths."""
    for path, text in content.items():
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_text(text, "utf-8")


def said_by(lean: Lean, directory: Path, seconds: float = 0.0) -> LeanReport:
    """What Lean says of a project over whose run it is expected to take so long."""
    return check_project(directory, print, limits=LIMITS.expecting(seconds), find=lambda *_: lean)


def with_verdict(report: LeanReport, verdict: Verdict) -> dict[str, str]:
    """The messages of the theorems with a verdict, by name."""
    return {one.name: one.message for one in report.theorems if one.verdict is verdict}
