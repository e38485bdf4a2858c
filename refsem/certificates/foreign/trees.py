"""refsem's own split trees among the formats that `refsem check` knows."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from refsem.certificates.foreign.material import FileFormat, Material, called
from refsem.certificates.report import CheckReport, undecided
from refsem.certificates.tree_file import ANSWERS, check_tree, read_tree
from refsem.certificates.tree_file import FORMAT as NAME
from refsem.errors import InputError
from refsem.ir import load_model
from refsem.ir.evaluation import Prepared, prepare
from refsem.ir.joining import joined
from refsem.properties import Property
from refsem.properties.claims import check_fits
from refsem.properties.stated import load_statement
from refsem.rules.propagation import NoRuleError, check_covered

_WORKERS = 2


@dataclass(frozen=True, slots=True, eq=False)
class TreeSubject:
    """What a tree is about: a network, a property that fits it, and the SHA-256 of their files."""

    prepared: Prepared
    property: Property
    hashes: tuple[str, str]


def tree_subject(model: Path, property_: Path) -> TreeSubject:
    """The subject in two files; `InputError` where one cannot be read, or they do not fit."""
    graph = load_model(model)
    model_hash = _hash(model)
    statement = load_statement(property_, graph, model_hash)
    prepared = prepare(joined(statement.graph))
    try:
        check_covered(prepared)
    except NoRuleError as error:
        raise InputError(str(model), f"tensor {error.node!r}", error.message) from error
    check_fits(prepared, statement.property, str(property_))
    return TreeSubject(prepared, statement.property, (model_hash, _hash(property_)))


def _check(material: Material) -> CheckReport:
    tree = read_tree(material.root)
    if material.model is None or material.property is None:
        absent = "model" if material.model is None else "property"
        return undecided(NAME, ANSWERS, f"the {absent} is needed: --{absent} FILE")
    subject = tree_subject(material.model, material.property)
    return check_tree(tree, subject.prepared, subject.property, subject.hashes, _WORKERS)


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


FORMAT = FileFormat(NAME, called(NAME), _check, uses=("model", "property"))
