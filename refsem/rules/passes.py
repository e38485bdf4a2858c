"""A backward pass as data: the applications that bound a target, before any is established.

Which nodes a pass replaces, and in which order, depends on names alone: both of its forms mention
the same tensors at every step. Untrusted: the replay establishes each application, or refuses.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from refsem.ir.evaluation import Prepared
from refsem.ir.operators import Op
from refsem.rules.pairs import PLANAR
from refsem.rules.trace import Application


@dataclass(frozen=True, slots=True)
class Pass:
    """The applications of a pass in order, and the indices of its last forms below and above."""

    applications: tuple[Application, ...]
    below: int
    above: int


def replaced_nodes(
    prepared: Prepared, names: Iterable[str], kept: Collection[str]
) -> tuple[tuple[str, ...], frozenset[str]]:
    """The nodes that a pass from these tensors replaces, latest first, and what is left of it."""
    left, found = set(names), list[str]()
    for node in reversed(tuple(prepared.nodes)):
        if node in left and node not in kept:
            left.remove(node)
            left |= set(_replacing(prepared, node))
            found.append(node)
    return tuple(found), frozenset(left)


def _replacing(prepared: Prepared, node: str) -> Iterable[str]:
    """The tensors that stand in a form instead of a node."""
    if node in prepared.affine:
        return (piece.operand for piece in prepared.affine[node].pieces)
    op, operands = prepared.nodes[node].op, prepared.nodes[node].operands
    if op in PLANAR:
        return operands[1:] if op is Op.WHERE else operands
    return operands[:1]


def backward_pass(
    prepared: Prepared,
    target: str,
    region: int,
    nodes: Iterable[str],
    lines: Mapping[str, tuple[int, int]],
    first: int,
) -> Pass:
    """The pass that replaces these nodes, its applications being numbered from `first` on.

    As long as only equalities are used, one form bounds from both sides.
    """
    planned = [Application("start_form", target, region)]

    def add(rule: str, node: str, suppliers: Mapping[str, int]) -> int:
        planned.append(Application(rule, node, region, suppliers))
        return first + len(planned) - 1

    below = above = first
    for node in nodes:
        if node in prepared.affine:
            same = below == above
            below = add("substitute_affine", node, {"form": below})
            above = below if same else add("substitute_affine", node, {"form": above})
            continue
        upper, lower = lines[node]
        kind = "substitute_plane" if prepared.nodes[node].op in PLANAR else "substitute"
        below = add(f"{kind}_lower", node, {"form": below, "upper": upper, "lower": lower})
        above = add(f"{kind}_upper", node, {"form": above, "upper": upper, "lower": lower})
    return Pass(tuple(planned), below, above)


def last_needed(applications: Iterable[Application], first: int) -> tuple[tuple[int, ...], ...]:
    """For each application of a pass, numbered from `first`, those that no later one needs.

    What no later application needs at all is given up nowhere: it is what the pass is for.
    """
    last: dict[int, int] = {}
    planned = tuple(applications)
    for position, application in enumerate(planned):
        for index in application.suppliers.values():
            if index >= first:
                last[index] = position
    return tuple(
        tuple(index for index, at in last.items() if at == position)
        for position in range(len(planned))
    )
