"""Every format that is recognised, and the check of a file: which format it is, and its verdict.

A file's own `format` comes first; files without one are told by their keys.
"""

from refsem.certificates.foreign import (
    cameras,
    corridors,
    leaves,
    lirpa,
    lyapunov,
    margins,
    nodes,
    others,
    own_bounds,
    queries,
    regions,
    residuals,
    splines,
    suites,
    trees,
)
from refsem.certificates.foreign.material import FileFormat, Material, stated_format
from refsem.certificates.report import NO_ANSWERS, CheckReport, Verdict
from refsem.errors import InputError

FORMATS: tuple[FileFormat, ...] = (
    trees.FORMAT,
    splines.FORMAT,
    cameras.FORMAT,
    *leaves.FORMATS,
    *queries.FORMATS,
    suites.FORMAT,
    lirpa.FORMAT,
    margins.FORMAT,
    nodes.FORMAT,
    corridors.FORMAT,
    residuals.FORMAT,
    lyapunov.FORMAT,
    *regions.FORMATS,
    own_bounds.FORMAT,
    *others.FORMATS,
)

UNKNOWN = "unknown"


def _check_used(format_: FileFormat, material: Material) -> None:
    """Nothing if every file that was handed over is looked at; else `InputError`."""
    others = (("model", material.model), ("data", material.data), ("property", material.property))
    for name, path in others:
        if path is not None and name not in format_.uses:
            message = f"{format_.name} is judged without it"
            raise InputError(str(material.file), f"--{name}", message)


def check_file(material: Material) -> CheckReport:
    """The judgement of a file; `InputError` if it is malformed or cannot be asked this."""
    for format_ in FORMATS:
        if format_.recognises(material.root):
            if material.semantics not in format_.semantics:
                offered = ", ".join(semantics.value for semantics in format_.semantics)
                message = f"{format_.name} is checked by semantics {offered}"
                raise InputError(str(material.file), "--semantics", message)
            _check_used(format_, material)
            return format_.check(material)
    stated = stated_format(material.root)
    reason = "no known format" if stated is None else f"format {stated!r} is not a known one"
    return CheckReport(UNKNOWN, Verdict.NOT_A_CERTIFICATE, (reason,), NO_ANSWERS)
