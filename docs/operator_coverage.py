"""What there is for every operator of the catalogue, found in the code: readers, values, bounds.

Which ONNX operators are read as an operator of the catalogue is found by following their
translators: the operators that they hold, or name, or whose translators they call. That may name
one too many, never one too few: a cast is read as a step, and only of some types.
"""

from collections.abc import Iterator, Mapping
from types import CodeType, FunctionType

from refsem.ir.composites import EXPANSIONS
from refsem.ir.lowering import LOWERED
from refsem.ir.onnx_operators import OPERATORS
from refsem.ir.operators import CATALOGUE, Op, OperatorRow
from refsem.ir.terms import rational_everywhere
from refsem.rules import CATALOGUE as RULES
from refsem.rules.lifts.table import LIFTS
from refsem.rules.ranged import ENCLOSED

SOURCES = frozenset({Op.INPUT, Op.CONSTANT})
_AFFINE = frozenset({Op.ADD, Op.SUB, Op.NEG, Op.NOT, Op.IDENTITY})
"""Elementwise operators that are affine in variable operands."""


def readers() -> Mapping[Op, tuple[str, ...]]:
    """For every operator the ONNX operators that may be read as it."""
    found: dict[Op, list[str]] = {row.op: [] for row in CATALOGUE}
    for name, versions in OPERATORS.items():
        ops = {op for version in versions for op in _operators(version.translate, set())}
        for op in ops:
            found[op].append(name)
    return {op: tuple(sorted(names)) for op, names in found.items()}


def _operators(value: object, seen: set[int]) -> Iterator[Op]:
    """The operators that a value holds, or that the code of a function may apply."""
    if isinstance(value, Op):
        yield value
    if id(value) in seen:
        return
    seen.add(id(value))
    match value:
        case dict():
            yield from _operators(tuple(value.values()), seen)
        case tuple():
            for inner in value:
                yield from _operators(inner, seen)
        case FunctionType() if value.__module__.startswith("refsem.ir.onnx_"):
            held = [cell.cell_contents for cell in value.__closure__ or ()]
            named = [value.__globals__.get(name) for name in _names(value.__code__)]
            meant = [Op[name] for name in _names(value.__code__) if name in Op.__members__]
            yield from _operators((*held, *named, *meant), seen)
        case _:
            return


def _names(code: CodeType) -> Iterator[str]:
    """The names that code uses, with those of the functions written inside it."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def value_of(row: OperatorRow) -> str:
    """How an operator is evaluated at rationals."""
    if row.op in EXPANSIONS:
        return f"expanded: {', '.join(one.name for one in EXPANSIONS[row.op])}"
    if row.meaning is not None and not rational_everywhere(row.meaning):
        return "enclosed"
    return "given" if row.op in SOURCES else "exact"


def bounds_of(row: OperatorRow) -> str:
    """By which rules an operator is bounded; empty if by none."""
    names = [rule.name for rule in RULES if rule.operator is row.op and rule.name in LIFTS]
    if row.op in ENCLOSED:
        names = [name for name in LIFTS if name.startswith("enclosed_")]
    found = ", ".join(f"`{name}`" for name in names)
    if row.op is Op.INPUT:
        return "`input_interval`"
    if row.op in EXPANSIONS:
        return "expanded"
    if row.op in LOWERED:
        return "lowered"
    if row.plan is not None:
        return "affine or lowered"
    return found or ("affine" if row.op in _AFFINE else "")
