"""refsem's own split trees among the formats that `refsem check` knows."""

import hashlib
from pathlib import Path

from refsem.certificates.foreign.material import FileFormat, Material, called
from refsem.certificates.report import CheckReport, undecided
from refsem.certificates.tree_file import ANSWERS, check_tree, read_tree
from refsem.certificates.tree_file import FORMAT as NAME
from refsem.errors import InputError
from refsem.ir import load_model
from refsem.ir.evaluation import prepare
from refsem.ir.joining import joined
from refsem.properties.claims import check_fits
from refsem.properties.stated import load_statement
from refsem.rules.propagation import NoRuleError, check_covered

_WORKERS = 2


def _check(material: Material) -> CheckReport:
    tree = read_tree(material.root)
    if material.model is None or material.property is None:
        absent = "model" if material.model is None else "property"
        return undecided(NAME, ANSWERS, f"the {absent} is needed: --{absent} FILE")
    graph = load_model(material.model)
    model = _hash(material.model)
    statement = load_statement(material.property, graph, model)
    prepared = prepare(joined(statement.graph))
    try:
        check_covered(prepared)
    except NoRuleError as error:
        place = f"tensor {error.node!r}"
        raise InputError(str(material.model), place, error.message) from error
    check_fits(prepared, statement.property, str(material.property))
    hashes = model, _hash(material.property)
    return check_tree(tree, prepared, statement.property, hashes, _WORKERS)


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


FORMAT = FileFormat(NAME, called(NAME), _check, uses=("model", "property"))
