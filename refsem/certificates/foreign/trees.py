"""refsem's own split trees among the formats that `refsem check` knows."""

import hashlib

from refsem.certificates.foreign.material import FileFormat, Material, called
from refsem.certificates.report import CheckReport, undecided
from refsem.certificates.tree_file import ANSWERS, check_tree, read_tree
from refsem.certificates.tree_file import FORMAT as NAME
from refsem.errors import InputError
from refsem.ir import load_model
from refsem.ir.evaluation import prepare
from refsem.properties import load_property
from refsem.properties.claims import check_fits
from refsem.rules.propagation import NoRuleError, check_covered

_WORKERS = 2


def _check(material: Material) -> CheckReport:
    tree = read_tree(material.root)
    if material.model is None or material.property is None:
        absent = "model" if material.model is None else "property"
        return undecided(NAME, ANSWERS, f"the {absent} is needed: --{absent} FILE")
    prepared = prepare(load_model(material.model))
    try:
        check_covered(prepared)
    except NoRuleError as error:
        place = f"tensor {error.node!r}"
        raise InputError(str(material.model), place, error.message) from error
    wanted = load_property(material.property)
    check_fits(prepared, wanted, str(material.property))
    model, property_ = (
        hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (material.model, material.property)
    )
    return check_tree(tree, prepared, wanted, (model, property_), _WORKERS)


FORMAT = FileFormat(NAME, called(NAME), _check)
