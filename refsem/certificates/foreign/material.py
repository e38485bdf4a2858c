"""What a person hands over to have a file checked, and how a format is described."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from refsem.certificates.report import CheckReport, Semantics
from refsem.untrusted.strict_json import Value


@dataclass(frozen=True, slots=True)
class Material:
    """A file that was read, how to judge it, and the files its claims are about."""

    file: Path
    root: Value
    semantics: Semantics
    model: Path | None
    data: Path | None
    property: Path | None = None


@dataclass(frozen=True, slots=True)
class FileFormat:
    """A format: its name, how it is told, what may be asked of it, and its checker.

    `recognises` looks at keys and the format string only; it refuses nothing.
    """

    name: str
    recognises: Callable[[Value], bool]
    check: Callable[[Material], CheckReport]
    semantics: tuple[Semantics, ...] = (Semantics.EXACT,)
    uses: tuple[str, ...] = ()
    """Which of the other files of the material it is judged with: `model`, `data`, `property`."""


def stated_format(root: Value) -> str | None:
    """The text under the key `format`, if there is one."""
    if isinstance(root.value, dict) and isinstance(root.value.get("format"), str):
        return str(root.value["format"])
    return None


def called(*names: str) -> Callable[[Value], bool]:
    """Recognises files whose `format` is one of these."""
    return lambda root: stated_format(root) in names


def beside(report: Path, stated: str) -> Path | None:
    """The file of that name in the report's own folder: nowhere else is looked."""
    name = stated.replace("\\", "/").rsplit("/", 1)[-1]
    path = report.parent / name
    try:
        return path if name not in {"", ".", ".."} and path.is_file() else None
    except (OSError, ValueError):
        # no name of a file here: too long, or with a character that no name has
        return None
