"""The list of what an export wrote: every file's hash, every theorem's announced status.

The list makes an exported folder recognisable, shows whether someone has edited it since, and
tells the checker what each theorem claims to be. It is read back strictly.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lean_export.theorems import Status, Theorem
from refsem.errors import InputError

NAME = "refsem-lean.json"
FORMAT = "refsem.lean.v1"
BUILT = (".lake", "lake-manifest.json")
"""What Lake may leave in the folder: not ours, and nobody's work."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """File hashes by path, and announced statuses by full theorem name."""

    files: Mapping[str, str]
    theorems: Mapping[str, Status]


def describe(files: Mapping[str, str], theorems: Mapping[str, Status]) -> Manifest:
    """The manifest of some file texts and of theorems by their full names."""
    hashes = {path: _hash(text.encode()) for path, text in sorted(files.items())}
    return Manifest(hashes, dict(theorems))


def announced(theorems: Iterable[Theorem]) -> dict[str, Status]:
    """What is announced of the theorems of rules, by their full names."""
    return {f"Refsem.{theorem.statement.name}": theorem.status for theorem in theorems}


def manifest_text(manifest: Manifest) -> str:
    """The manifest as JSON."""
    content = {
        "format": FORMAT,
        "files": dict(manifest.files),
        "theorems": {name: status.value for name, status in manifest.theorems.items()},
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def read_manifest(directory: Path) -> Manifest:
    """The manifest of an exported folder; `InputError` where there is none or it is malformed."""
    path = directory / NAME
    try:
        return manifest_of(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(str(directory), "", f"no {NAME}: not a project of `refsem lean`") from None
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise InputError(str(path), "", f"not a manifest of `refsem lean`: {error}") from error


def manifest_of(text: str) -> Manifest:
    """The manifest that a text holds; `ValueError`, `TypeError` or `AttributeError` if none."""
    content = json.loads(text)
    if set(content) != {"format", "files", "theorems"} or content["format"] != FORMAT:
        raise ValueError(f"it is not of the format {FORMAT}")
    return Manifest(
        {str(name): str(digest) for name, digest in content["files"].items()},
        {str(name): Status(status) for name, status in content["theorems"].items()},
    )


def changes(directory: Path, manifest: Manifest) -> tuple[str, ...]:
    """The files in a folder that the export did not write so, or wrote and are gone."""
    found = {
        path.relative_to(directory).as_posix(): path
        for path in sorted(directory.rglob("*"))
        if path.is_file() and path.relative_to(directory).parts[0] not in BUILT
    }
    found.pop(NAME, None)
    foreign = [name for name in found if name not in manifest.files]
    edited = [
        name
        for name, digest in manifest.files.items()
        if name not in found or _hash(found[name].read_bytes()) != digest
    ]
    return (*foreign, *edited)


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
