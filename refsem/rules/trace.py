"""What a derivation is: regions, rule applications in order, and what each establishes.

An application names its rule, its node, its region, the values it chooses, and the earlier
applications that supply its givens. It carries no derived value: those are recomputed. Nothing
here is believed until `refsem.rules.replay` has established it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from gmpy2 import mpq

from refsem.exact import ExactTensor

_ZERO = mpq(0)


class Side(Enum):
    """The side from which a form or a line bounds, or both at once."""

    LOWER = "lower"
    UPPER = "upper"
    EQUAL = "equal"


Combination = Mapping[str, ExactTensor]
"""Coefficients on some tensors: (rows, size of the tensor) each."""


class Norm(Enum):
    """How the distance to a centre is measured: the sum of distances, or the root of squares."""

    L1 = "L1"
    L2 = "L2"


@dataclass(frozen=True, slots=True)
class Ball:
    """The points whose distance to a centre, in a norm, is at most the radius (not negative)."""

    norm: Norm
    centre: tuple[mpq, ...]
    radius: mpq

    @property
    def allowance(self) -> mpq:
        """What the distances of the entries, or their squares in L2, sum to at most."""
        return self.radius if self.norm is Norm.L1 else self.radius * self.radius

    def holds(self, point: Iterable[mpq]) -> bool:
        """Whether a point, an entry for each of the centre's, lies in the ball, exactly."""
        distances = [x - m for x, m in zip(point, self.centre, strict=True)]
        used = [abs(d) if self.norm is Norm.L1 else d * d for d in distances]
        return bool(sum(used, _ZERO) <= self.allowance)


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """A box of values for some tensors (the inputs, as a rule), each end of shape (1, size).

    `signs` says of entries of other tensors, in shape (1, size), that they are at least 0 (1), at
    most 0 (-1), or nothing (0). `balls` says of tensors that they lie in a ball besides.
    """

    boxes: Mapping[str, tuple[ExactTensor, ExactTensor]]
    signs: Mapping[str, ExactTensor] = field(default_factory=dict)
    balls: Mapping[str, Ball] = field(default_factory=dict)

    def contains(self, other: "Region") -> bool:
        """Whether every tensor bounded here is bounded at least as tightly there.

        So it has to be with signs and balls: what is assumed here has to be assumed there too.
        """
        for name, ball in self.balls.items():
            inner = other.balls.get(name)
            if inner is None or replace(inner, radius=ball.radius) != ball:
                return False
            if inner.radius > ball.radius:
                return False
        for name, (lower, upper) in self.boxes.items():
            if name not in other.boxes:
                return False
            inner_lower, inner_upper = other.boxes[name]
            if not (lower.less_equal(inner_lower).all() and inner_upper.less_equal(upper).all()):
                return False
        for name, signs in self.signs.items():
            nothing = ExactTensor.full(signs.shape, _ZERO)
            known = other.signs.get(name, nothing)
            if not (signs.equal(nothing) | signs.equal(known)).all():
                return False
        return True


@dataclass(frozen=True, slots=True, eq=False)
class Application:
    """One use of a rule, on a whole tensor."""

    rule: str
    node: str
    region: int
    suppliers: Mapping[str, int] = field(default_factory=dict)
    chosen: Mapping[str, ExactTensor] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """A derivation: its regions, the linear combinations it names, its applications in order."""

    regions: tuple[Region, ...]
    targets: Mapping[str, Combination]
    applications: tuple[Application, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Box:
    """Established: lower ≤ target ≤ upper in every entry; both ends have shape (1, size)."""

    target: str
    lower: ExactTensor
    upper: ExactTensor


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """Established: slope · operand + intercept bounds the node from one side, entry by entry."""

    node: str
    operand: str
    side: Side
    slope: ExactTensor
    intercept: ExactTensor


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """Established: Σ slope · operand + intercept bounds the node from one side, entry by entry.

    Slopes and intercept have shape (1, size), and the operands the size of the node.
    """

    node: str
    operands: tuple[str, str]
    side: Side
    slopes: tuple[ExactTensor, ExactTensor]
    intercept: ExactTensor


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """Established: Σ coefficients · tensors + constant bounds each row of the target from a side.

    The constant has shape (rows, 1). The target is a tensor (one row an entry) or one of the
    Trace's named combinations.
    """

    target: str
    side: Side
    coefficients: Combination
    constant: ExactTensor


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Established once, and given up for the memory it took: nothing follows from it any more."""


Judgement = Box | Line | Plane | Form | Forgotten
