"""What a lift may look at, and how it refuses.

A lift takes one application of a rule about numbers to whole tensors. Whatever it asks of its
context is checked: suppliers are of the right kind and about the right tensor, chosen values have
the node's shape, sides that can be checked hold. Trusted, with the rest of this package.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from refsem.exact import ExactTensor
from refsem.ir.evaluation import Prepared
from refsem.ir.readings import evaluate_tensor, holds_tensor
from refsem.rules.rule import Rule
from refsem.rules.trace import (
    Application,
    Ball,
    Box,
    Combination,
    Form,
    Judgement,
    Line,
    Norm,
    Plane,
    Region,
    Side,
)


class RefusedError(ValueError):
    """A reason to refuse, before it is known which application it belongs to."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a lift may look at."""

    prepared: Prepared
    region: Region
    targets: Mapping[str, Combination]
    rule: Rule
    application: Application
    suppliers: Mapping[str, Judgement]

    @property
    def node(self) -> str:
        """The tensor or target that the application is about."""
        return self.application.node

    def operand(self) -> str:
        """The one operand of the node, which must be of the rule's operator; it may be constant."""
        node = self.prepared.nodes.get(self.node)
        if node is None or node.op is not self.rule.operator:
            raise RefusedError(f"{self.node!r} is not a {self.rule.operator}")
        if len(node.operands) != 1:
            raise RefusedError(f"{self.node!r} does not have one operand")
        return node.operands[0]

    def box(self, role: str, target: str) -> Box:
        """The supplier in this role, which must be a box of this target."""
        found = self.suppliers.get(role)
        if not isinstance(found, Box) or found.target != target:
            raise RefusedError(f"supplier {role!r} is not a box of {target!r}")
        return found

    def signs(self) -> ExactTensor:
        """The signs that the region assumes of the node's entries."""
        if self.node not in self.region.signs:
            raise RefusedError(f"the region assumes no sign of {self.node!r}")
        return self.region.signs[self.node]

    def ball(self, norm: Norm) -> Ball:
        """The ball in this norm that the region assumes of the node."""
        found = self.region.balls.get(self.node)
        if found is None or found.norm is not norm:
            raise RefusedError(f"the region assumes no {norm.value} ball of {self.node!r}")
        return found

    def line(self, role: str, side: Side) -> Line:
        """The supplier in this role, which must be a line of this node on this side."""
        found = self.suppliers.get(role)
        if not isinstance(found, Line) or found.node != self.node or found.side is not side:
            raise RefusedError(f"supplier {role!r} is not a line {side.value} {self.node!r}")
        return found

    def plane(self, role: str, side: Side) -> Plane:
        """The supplier in this role, which must be a plane of this node on this side."""
        found = self.suppliers.get(role)
        if not isinstance(found, Plane) or found.node != self.node or found.side is not side:
            raise RefusedError(f"supplier {role!r} is not a plane {side.value} {self.node!r}")
        return found

    def form(self, role: str, *sides: Side) -> Form:
        """The supplier in this role, which must be a form bounding from one of these sides."""
        found = self.suppliers.get(role)
        if not isinstance(found, Form) or found.side not in sides:
            raise RefusedError(f"supplier {role!r} is not a form of {[s.value for s in sides]}")
        return found

    def derive(self, given: Mapping[str, ExactTensor], rows: int = 1) -> dict[str, ExactTensor]:
        """The values of all variables: given, chosen (sides checked) and derived.

        What is chosen has an entry for each of the node's, in as many rows as are asked for.
        """
        for name, chosen in self.application.chosen.items():
            if chosen.shape != (rows, self.prepared.nodes[self.node].size):
                raise RefusedError(f"chosen {name!r} has shape {list(chosen.shape)}")
        values = {**given, **self.application.chosen}
        for value in self.rule.derived:
            values[value.name] = evaluate_tensor(value.term, values)
        for side in self.rule.checkable:
            if not holds_tensor(side.relation, values):
                raise RefusedError(f"side {side.name!r} does not hold")
        return values


Lift = Callable[[Context], Judgement]
"""What an application establishes; `RefusedError` where it does not follow."""
