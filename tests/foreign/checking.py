"""What the tests of foreign certificates share: a file from an object, and its check."""

import json
from decimal import Decimal
from pathlib import Path

from refsem.certificates.foreign.material import Material
from refsem.certificates.foreign.registry import check_file
from refsem.certificates.report import CheckReport, Semantics
from refsem.untrusted.strict_json import read_json


def checked(
    file: Path,
    *,
    model: Path | None = None,
    data: Path | None = None,
    property_: Path | None = None,
    semantics: Semantics = Semantics.EXACT,
) -> CheckReport:
    return check_file(Material(file, read_json(file), semantics, model, data, property_))


def written(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def written_in_full(path: Path, content: object) -> Path:
    """The file with every float written in full: its shortest decimal is another number."""
    path.write_text(_text(content), encoding="utf-8")
    return path


def _text(content: object) -> str:
    if isinstance(content, dict):
        return "{" + ", ".join(f"{json.dumps(k)}: {_text(v)}" for k, v in content.items()) + "}"
    if isinstance(content, list):
        return "[" + ", ".join(_text(item) for item in content) + "]"
    if isinstance(content, float) and abs(content) < float("inf"):
        return format(Decimal(content), "f")
    return json.dumps(content)
