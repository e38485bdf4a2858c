"""Propagation: which rule to apply next, and with which slopes. Untrusted.

Everything here only chooses; `refsem.rules.replay` establishes each application as it is made
and would refuse one that does not follow. Host floats may be used freely.

Intermediate boxes are the intersection of the CROWN box and one interval step from the already
intersected boxes of the operands (as auto_LiRPA credits them).
"""

from collections.abc import Callable, Iterator, Mapping
from enum import Enum

from refsem.ir.evaluation import Prepared
from refsem.ir.operators import Op
from refsem.rules.applying import NotBoundedError, Propagation
from refsem.rules.backwards import CURVED, bounded_backwards
from refsem.rules.choices import SMOOTH
from refsem.rules.pairs import PLANAR
from refsem.rules.ranged import ENCLOSED
from refsem.rules.replay import Replay
from refsem.rules.trace import Combination, Region

__all__ = [
    "Method",
    "NoRuleError",
    "NotBoundedError",
    "Progress",
    "Propagation",
    "also_from_boxes",
    "check_covered",
    "from_boxes",
    "not_affine",
    "propagate",
]

Progress = Callable[[str, int, int], None]
"""Called with a node's name, how many are done and how many there are."""


class Method(Enum):
    """How boxes are derived."""

    IBP = "ibp"
    FORWARD = "forward"
    """CROWN from the inputs on: every tensor between forms composed of those of its operands."""
    CROWN = "crown"
    ALPHA = "alpha"
    """CROWN with slopes that are optimised (`refsem.search.alpha`)."""


class NoRuleError(ValueError):
    """An operator for which there is no bound rule yet; `node` names its tensor."""

    def __init__(self, node: str, message: str) -> None:
        super().__init__(f"tensor {node!r}: {message}")
        self.node = node
        self.message = message


def check_covered(prepared: Prepared) -> None:
    """Nothing if every tensor can be bounded by the rules there are; else `NoRuleError`."""
    for name, node in prepared.nodes.items():
        if node.op is Op.INPUT or name in prepared.affine:
            continue
        if node.op not in {*CURVED, *PLANAR}:
            message = f"no bound rule yet for operator {node.op.value} of variable tensors"
            raise NoRuleError(name, message)
        if node.op is Op.PRELU and node.operands[1] not in prepared.constants:
            raise NoRuleError(name, "no bound rule yet for prelu whose slope is a variable tensor")


def not_affine(prepared: Prepared) -> Iterator[str]:
    """The nodes that are no inputs and not affine."""
    for name, node in prepared.nodes.items():
        if node.op is not Op.INPUT and name not in prepared.affine:
            yield name


def propagate(
    prepared: Prepared,
    region: Region,
    method: Method,
    targets: Mapping[str, Combination],
    progress: Progress,
    processes: int = 1,
) -> Propagation:
    """Boxes for every tensor and every named target over a region, each established exactly.

    With several processes the Trace and every value are the same. `ValueError` for a method that is
    not of fixed slopes.
    """
    if method is Method.ALPHA:
        raise ValueError("optimised slopes are chosen by refsem.search.alpha")
    state = Propagation(Replay(prepared, (region,), targets), 0, processes=processes)
    needed = frozenset[str]() if method is Method.IBP else bounded_backwards(prepared, region)
    users = _last_users(prepared)
    for done, node in enumerate(prepared.nodes):
        progress(node, done, len(prepared.nodes))
        state.boxes[node] = state.interval(node)
        forms = state.compose(node, region.boxes) if method is Method.FORWARD else None
        if node in needed:
            second = state.concretised(node, *forms) if forms else state.crown(node, region.boxes)
            both = {"first": state.boxes[node], "second": second}
            state.boxes[node] = state.apply("intersect", node, both)
        state.replay.forget(
            form
            for name in users.get(node, ())
            if not any(name in target for target in targets.values())
            for form in state.composed.pop(name, ())
        )
    for name in prepared.graph.outputs:
        state.box_of(name)
    for name in targets:
        state.boxes[name] = _target(state, name, region, method)
    return state


def _last_users(prepared: Prepared) -> Mapping[str, tuple[str, ...]]:
    """For each node the tensors that no later node has for an operand."""
    last = {name: node for node in prepared.nodes for name in prepared.operands(node)}
    return {node: tuple(x for x in last if last[x] == node) for node in set(last.values())}


def _target(state: Propagation, name: str, region: Region, method: Method) -> int:
    """The box of a target; of functions the better of both methods, for lines may be loose."""
    loose = {*SMOOTH, *ENCLOSED, *PLANAR}
    curved = any(node.op in loose for node in state.replay.prepared.nodes.values())
    if method is Method.FORWARD:
        second = state.concretised(name, *state.compose(name, region.boxes))
        return state.apply("intersect", name, {"first": from_boxes(state, name), "second": second})
    if method is Method.CROWN and curved:
        both = {"first": state.crown(name, region.boxes), "second": from_boxes(state, name)}
        return state.apply("intersect", name, both)
    if method is Method.CROWN:
        return state.crown(name, region.boxes)
    return from_boxes(state, name)


def also_from_boxes(state: Propagation, name: str) -> None:
    """The box of a target cut to what the boxes of its tensors give, where it was not already.

    Backward bounds of straight networks go without, being nearly always better.
    """
    if state.replay.applications[state.boxes[name]].rule == "concretise":
        both = {"first": state.boxes[name], "second": from_boxes(state, name)}
        state.boxes[name] = state.apply("intersect", name, both)


def from_boxes(state: Propagation, name: str) -> int:
    """The box of a target from the boxes of the tensors that define it."""
    start = state.apply("start_form", name, {})
    suppliers = {tensor: state.box_of(tensor) for tensor in state.form(start).coefficients}
    return state.apply("concretise", name, {"below": start, "above": start, **suppliers})
