"""What the tests of foreign certificates share: a file from an object, and its check."""

import json
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
    semantics: Semantics = Semantics.EXACT,
) -> CheckReport:
    return check_file(Material(file, read_json(file), semantics, model, data))


def written(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content), encoding="utf-8")
    return path
