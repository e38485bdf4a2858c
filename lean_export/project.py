"""Writing the Lean 4 project: the hand-written core, one pair of files a family, and a list.

A project holds the rules of the catalogue, or one run's theorems and the rules it used. The text
depends on the rules, and of a run on its ledger, alone. A folder is written whole beside its place
and then moved there, so that it is never half written; a folder that holds anything else than an
unedited export is refused, for it is somebody's work.
"""

import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from importlib.resources import files as package_files
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType

from lean_export import reals, torchlean
from lean_export.core import CORE_THEOREMS, RULE_CORE, WHOLE_CORE
from lean_export.families import Family, grouped
from lean_export.files import proofs_text, root_text, statements_text
from lean_export.manifest import (
    BUILT,
    NAME,
    announced,
    changes,
    describe,
    manifest_of,
    manifest_text,
    read_manifest,
)
from lean_export.proofs import Proof
from lean_export.runs import RegionRun, RunProject
from lean_export.theorems import Status, Theorem, rule_theorems
from refsem.errors import InputError
from refsem.rules import CATALOGUE, Rule


@dataclass(frozen=True, slots=True)
class LeanSummary:
    """How many theorems were written, and what is announced of them."""

    theorems: int
    closed: int
    relative: int
    stubs: int

    @classmethod
    def of(cls, statuses: Iterable[Status]) -> "LeanSummary":
        """The counts of some statuses."""
        every = tuple(statuses)
        return cls(
            len(every),
            every.count(Status.CLOSED),
            every.count(Status.RELATIVE),
            every.count(Status.STUB),
        )


class Target(Enum):
    """What a project is for; only `CORE` is ever read by a Lean here."""

    CORE = "core"
    MATHLIB = "mathlib"
    TORCHLEAN = "torchlean"


def write_project(
    directory: Path, rules: Iterable[Rule] = CATALOGUE, target: Target = Target.CORE
) -> LeanSummary:
    """Write the project of some rules to a folder that is new, empty or an unedited export.

    `InputError` where the folder is anything else, or cannot be written, and for a target that
    takes runs only.
    """
    content, theorems = project_files(rules)
    if target is Target.TORCHLEAN:
        raise InputError("", "--target torchlean", "exports runs only; give a --ledger")
    if target is Target.MATHLIB:
        content = for_mathlib(content, theorems)
    _write(directory, content)
    return LeanSummary.of(manifest_of(content[NAME]).theorems.values())


def write_run(directory: Path, run: RunProject, target: Target = Target.CORE) -> LeanSummary:
    """Write the project of a run, or of a split tree.

    `InputError` as of `write_project`, and for a target that takes no split trees.
    """
    content, statuses = run_files(run)
    if target is Target.MATHLIB:
        content = for_mathlib(content, rule_theorems(run.rules), run)
    elif target is Target.TORCHLEAN:
        if run.trees:
            raise InputError("", "--target torchlean", "exports runs only; give a --ledger")
        content = for_torchlean(content, run.regions)
    _write(directory, content)
    return LeanSummary.of(statuses.values())


def for_mathlib(
    content: Mapping[str, str], theorems: Iterable[Theorem], run: RunProject | None = None
) -> dict[str, str]:
    """The project with one file more, unchecked: its theorems over Mathlib's real numbers."""
    further = {
        reals.PATH: reals.reals_text(theorems, run),
        reals.LAKEFILE: reals.lakefile(content[reals.LAKEFILE]),
    }
    return _with(content, further)


def for_torchlean(content: Mapping[str, str], regions: Iterable[RegionRun]) -> dict[str, str]:
    """The project with an artifact for TorchLean a region, unchecked."""
    further = {"torchlean/README.md": torchlean.README}
    for one in regions:
        name = one.namespace.rpartition(".")[2].lower()
        query = torchlean.crown_query(one.network, one.start, one.slopes, one.output)
        further[f"torchlean/{name}.crown_query.json"] = query
    return _with(content, further)


def _with(content: Mapping[str, str], further: Mapping[str, str]) -> dict[str, str]:
    """The project with further files, and listed with them."""
    whole = {**content, **further}
    statuses = manifest_of(whole.pop(NAME)).theorems
    return {**whole, NAME: manifest_text(describe(whole, statuses))}


def run_files(run: RunProject) -> tuple[dict[str, str], dict[str, Status]]:
    """The text of every file of a run's project by its path, and what is announced."""
    written = [(family, rule_theorems(family.rules)) for family in grouped(run.rules)]
    statuses = announced(theorem for _, stated in written for theorem in stated)
    statuses |= run.theorems
    core = (*RULE_CORE, *run.core) if written else run.core
    return assembled(written, core, run.files, run.theorems), statuses


def _write(directory: Path, content: Mapping[str, str]) -> None:
    place = directory.resolve()
    _refuse_others(place)
    try:
        _put(place, content)
    except OSError as error:
        raise InputError(str(directory), "", f"cannot be written: {error.strerror}") from error


def project_files(rules: Iterable[Rule]) -> tuple[dict[str, str], tuple[Theorem, ...]]:
    """The text of every file by its path, the list of them included, and the rules' theorems."""
    asked = tuple(rules)
    written = [(family, rule_theorems(family.rules)) for family in grouped(asked)]
    theorems = tuple(theorem for _, stated in written for theorem in stated)
    if asked == CATALOGUE:
        return assembled(written, WHOLE_CORE, statuses=CORE_THEOREMS), theorems
    return assembled(written), theorems


def assembled(
    written: Iterable[tuple[Family, tuple[Theorem, ...]]],
    core: Iterable[str] = RULE_CORE,
    further: Mapping[str, str] = MappingProxyType({}),
    statuses: Mapping[str, Status] = MappingProxyType({}),
) -> dict[str, str]:
    """Every file's text: core, families, and further files with what is announced of them."""
    content = _core(core)
    theorems: list[Theorem] = []
    for family, stated in written:
        theorems.extend(stated)
        content[f"Refsem/Statements/{family.name}.lean"] = statements_text(family, stated)
        if any(isinstance(theorem.proof, Proof) for theorem in stated):
            content[f"Refsem/Proofs/{family.name}.lean"] = proofs_text(family, stated)
    content |= further
    modules = sorted(path[: -len(".lean")].replace("/", ".") for path in content if _is_lean(path))
    content["Refsem.lean"] = root_text(modules)
    content[NAME] = manifest_text(describe(content, announced(theorems) | dict(statuses)))
    return content


def stale_files(directory: Path, rules: Iterable[Rule] = CATALOGUE) -> tuple[str, ...]:
    """The files of an export that writing the rules now would change, add or remove."""
    content, _ = project_files(rules)
    written = {*read_manifest(directory).files, NAME}
    outdated = [
        path
        for path, text in content.items()
        if not (directory / path).is_file() or (directory / path).read_text("utf-8") != text
    ]
    return tuple(sorted({*outdated, *(written - set(content))}))


def _is_lean(path: str) -> bool:
    return path.endswith(".lean")


def _core(wanted: Iterable[str]) -> dict[str, str]:
    """The hand-written files by path: of the Lean ones those that are wanted."""
    texts = dict(_texts(package_files("lean_export") / "project", ""))
    return {path: text for path, text in texts.items() if not _is_lean(path) or path in set(wanted)}


def _texts(folder: Traversable, prefix: str) -> Iterable[tuple[str, str]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _texts(entry, f"{prefix}{entry.name}/")
        else:
            yield prefix + entry.name, entry.read_text(encoding="utf-8")


def _refuse_others(directory: Path) -> None:
    if directory == Path.cwd():
        # Replacing the working folder would leave the caller in a deleted one.
        raise InputError(str(directory), "", "is the working folder; name another")
    if directory.is_dir():
        if not any(directory.iterdir()):
            return
        changed = changes(directory, read_manifest(directory))
        if changed:
            message = "is not as `refsem lean` wrote it; move it away or choose another folder"
            raise InputError(str(directory), changed[0], message)
    elif directory.exists():
        raise InputError(str(directory), "", "is not a folder")


def _put(directory: Path, content: Mapping[str, str]) -> None:
    """Write beside the folder, then move into its place."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{directory.name}.", dir=directory.parent))
    try:
        fresh = beside / "fresh"
        for path, text in content.items():
            target = fresh / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8", newline="\n")
        _exchange(directory, fresh, beside / "former")
    finally:
        shutil.rmtree(beside)


def _exchange(directory: Path, fresh: Path, former: Path) -> None:
    """Move the fresh folder into place; what Lake built stays, and a failure changes nothing."""
    if directory.exists():
        directory.rename(former)
    try:
        fresh.rename(directory)
    except OSError:
        if former.exists():
            former.rename(directory)
        raise
    for name in BUILT:
        if (former / name).exists():
            (former / name).rename(directory / name)
