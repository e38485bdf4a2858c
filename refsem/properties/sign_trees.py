"""Trees of signs: a case proved empty by cutting the region where pre-activations change sign.

A tree is its nodes in preorder. A split takes a neuron, an entry of a ReLU's operand: its first
half assumes the value at most 0, its second at least 0, so the halves cover the region by
construction. A leaf carries what was chosen for it: slopes below ReLUs, multipliers of the signs
assumed, weights of the case's rows. It proves the case empty if the weighted sum of the rows is
proved above that of their bounds wherever the signs hold, or if no point has these signs. Nothing
chosen is believed: every step is an application that the replay establishes.

Boxes of the whole region are those of CROWN; a leaf halves them where it knows a sign.

Source: beta-CROWN (Wang et al. 2021), with weights on the constraints besides.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from gmpy2 import mpq

from refsem.exact import ExactTensor
from refsem.ir.evaluation import Prepared, irrational_tensor
from refsem.ir.operators import Op
from refsem.properties.claims import RegionClaims
from refsem.rules.propagation import Method, Propagation, not_affine, propagate
from refsem.rules.relaxing import relu_slopes
from refsem.rules.replay import Replay
from refsem.rules.trace import Combination, Region
from refsem.rules.tree import TreeError

SLOPE_BITS = 12
MULTIPLIER_BITS = 20
"""Slopes are multiples of 2^-12, multipliers of 2^-20; weights are integers."""

RULES = frozenset(
    {
        *("split_interval", "multiplier_lower", "weighted_constraint"),
        *("relu_upper", "relu_lower", "substitute_lower", "substitute_affine", "concretise"),
    }
)
"""The rules that a leaf rests on besides those of the region's boxes."""


def splits_signs(prepared: Prepared) -> str:
    """Why signs cannot be split in such a network; empty if they can."""
    for name in not_affine(prepared):
        if len(prepared.operands(name)) != 1:
            return f"{name!r} is {prepared.nodes[name].op.value} of several tensors"
    if name := irrational_tensor(prepared):
        return f"{name!r} applies a named function"
    return ""


@dataclass(frozen=True, slots=True)
class SignSplit:
    """The sign of an entry of the operand of a ReLU, both numbered from 0."""

    relu: int
    entry: int


@dataclass(frozen=True, slots=True)
class SignLeaf:
    """What was chosen for a leaf.

    `slopes` has an integer an entry for each ReLU in order, `multipliers` an integer for each split
    above the leaf in order, `weights` one for each row of the case.
    """

    slopes: tuple[tuple[int, ...], ...]
    multipliers: tuple[int, ...]
    weights: tuple[int, ...]


SignNode = SignSplit | SignLeaf

Signs = tuple[tuple[SignSplit, int], ...]
"""The splits above a node and which half it lies in: -1 or 1."""


def sign_leaves(nodes: Sequence[SignNode]) -> Iterator[tuple[Signs, SignLeaf]]:
    """The leaves in order, with their signs; `TreeError` where nodes are no tree."""
    stack: list[Signs] = [()]
    for index, node in enumerate(nodes):
        if not stack:
            raise TreeError(index, "the tree is already complete")
        signs = stack.pop()
        if isinstance(node, SignLeaf):
            yield signs, node
        else:
            stack += [(*signs, (node, 1)), (*signs, (node, -1))]
    if stack:
        raise TreeError(len(nodes), f"the tree ends with {len(stack)} parts left open")


@dataclass(frozen=True, slots=True, eq=False)
class SignJudge:
    """A region ready for leaves to be judged; `root` has its boxes, each established."""

    prepared: Prepared
    claims: RegionClaims
    root: Propagation
    relus: tuple[str, ...]

    @classmethod
    def of(cls, prepared: Prepared, claims: RegionClaims) -> "SignJudge":
        """The judge of a region, its boxes by CROWN."""
        targets = {claims.target: claims.combination}
        root = propagate(prepared, claims.region, Method.CROWN, targets, lambda *_: None)
        relus = tuple(name for name, node in prepared.nodes.items() if node.op is Op.RELU)
        return cls(prepared, claims, root, relus)

    def operand(self, relu: int) -> str:
        """The pre-activation of a ReLU."""
        return self.prepared.nodes[self.relus[relu]].operands[0]

    def open_leaves(self, position: int, nodes: Sequence[SignNode]) -> tuple[int, list[int]]:
        """How many leaves a tree has, and the numbers of those that do not prove the case empty.

        `TreeError` where nodes are no tree.
        """
        leaves = list(sign_leaves(nodes))
        for signs, leaf in leaves:
            self._check_fits(position, signs, leaf)
        failed = [
            number
            for number, (signs, leaf) in enumerate(leaves)
            if not self.proves(position, signs, leaf)
        ]
        return len(leaves), failed

    def proves(self, position: int, signs: Signs, leaf: SignLeaf) -> bool:
        """Whether the case at this position of the claims is empty where the signs hold.

        `ReplayError` where something was chosen that a rule does not allow, `TreeError` where the
        leaf does not fit the network or the case.
        """
        self._check_fits(position, signs, leaf)
        return _Leaf.of(self, position, signs, leaf).proved()

    def _check_fits(self, position: int, signs: Signs, leaf: SignLeaf) -> None:
        sizes = [self.prepared.nodes[name].size for name in self.relus]
        if [len(one) for one in leaf.slopes] != sizes:
            raise TreeError(0, f"a leaf's slopes are not of {sizes} entries")
        if len(leaf.multipliers) != len(signs):
            raise TreeError(0, f"{len(leaf.multipliers)} multipliers for {len(signs)} signs")
        rows = len(self.claims.rows_of(position))
        if len(leaf.weights) != rows or min(leaf.weights) < 0 or not any(leaf.weights):
            raise TreeError(0, f"a leaf's weights are not {rows} integers from 0, one above it")
        for split, _ in signs:
            if not (0 <= split.relu < len(sizes) and 0 <= split.entry < sizes[split.relu]):
                raise TreeError(0, f"there is no entry {split.entry} of ReLU {split.relu}")


@dataclass(frozen=True, slots=True, eq=False)
class _Leaf:
    """One leaf being judged: region 1 has its signs, region 0 is the whole."""

    judge: SignJudge
    state: Propagation
    target: str
    bound: mpq
    strict: bool
    leaf: SignLeaf
    multipliers: Mapping[str, ExactTensor]

    @classmethod
    def of(cls, judge: SignJudge, position: int, signs: Signs, leaf: SignLeaf) -> "_Leaf":
        claims, root = judge.claims, judge.root
        rows = list(claims.rows_of(position))
        weights = ExactTensor.from_rationals([mpq(w) for w in leaf.weights], (1, len(rows)))
        target = f"{claims.target}, weighted"
        combination = {
            name: weights.matmul(part[rows]) for name, part in claims.combination.items()
        }
        assumed: dict[str, list[int]] = {}
        multipliers: dict[str, list[int]] = {}
        for (split, sign), multiplier in zip(signs, leaf.multipliers, strict=True):
            name = judge.operand(split.relu)
            nothing = [0] * judge.prepared.nodes[name].size
            assumed.setdefault(name, list(nothing))[split.entry] = sign
            multipliers.setdefault(name, list(nothing))[split.entry] += multiplier
        region = Region(
            claims.region.boxes,
            {name: _row(values, 0) for name, values in assumed.items()},
            claims.region.balls,
        )
        targets: dict[str, Combination] = {**root.replay.targets, target: combination}
        done = list(root.replay.applications), list(root.replay.judgements)
        replay = Replay(judge.prepared, (claims.region, region), targets, *done)
        state = Propagation(replay, 1, dict(root.boxes), dict(root.lines))
        bounds = claims.bounds.rationals()
        return cls(
            judge,
            state,
            target,
            sum((w * bounds[r] for w, r in zip(leaf.weights, rows, strict=True)), mpq(0)),
            any(w and claims.strict[0, r] for w, r in zip(leaf.weights, rows, strict=True)),
            leaf,
            {name: _row(values, MULTIPLIER_BITS) for name, values in multipliers.items()},
        )

    def proved(self) -> bool:
        """Whether the weighted rows are above their bound, or the signs contradict the boxes."""
        state, halved = self.state, dict[str, int]()
        for name in self.multipliers:
            halved[name] = state.apply("split_interval", name, {"box": state.boxes[name]})
            box = state.replay.box(halved[name])
            if box.upper.less(box.lower).any():
                return True
        source = state.replay.regions[1].boxes
        stops = [
            name for name in self.judge.prepared.nodes if name not in self.judge.prepared.affine
        ]
        form, _ = state.forms(self.target, stops)
        above = form
        while (node := state.latest(source, form)) is not None:
            form = self._step(form, node, halved)
        form = state.within(form, "lower")
        names = {*state.form(form).coefficients, *state.form(above).coefficients}
        suppliers = {name: state.box_of(name) for name in sorted(names)}
        index = state.apply("concretise", self.target, {"below": form, "above": above, **suppliers})
        lower = state.replay.box(index).lower.rational(0, 0)
        return bool(lower > self.bound or (self.strict and lower == self.bound))

    def _step(self, form: int, node: str, halved: Mapping[str, int]) -> int:
        """The form with a node replaced, a multiplier subtracted first where there is one."""
        state, prepared = self.state, self.judge.prepared
        if node in prepared.affine:
            if node in self.multipliers:
                chosen = {"w": self.multipliers[node]}
                form = state.apply("multiplier_lower", node, {"form": form}, chosen)
            return state.apply("substitute_affine", node, {"form": form})
        if node not in self.judge.relus:
            return state.substituted(form, node, "substitute_lower")
        relu = self.judge.relus.index(node)
        upper = self._upper(node, halved.get(self.judge.operand(relu)))
        chosen = {"s": _row(self.leaf.slopes[relu], SLOPE_BITS)}
        lower = state.apply("relu_lower", node, {}, chosen)
        lines = {"form": form, "upper": upper, "lower": lower}
        return state.apply("substitute_lower", node, lines)

    def _upper(self, node: str, halved: int | None) -> int:
        """The line above a ReLU with the chord's slope, over the half box where there is one."""
        if halved is None:
            return self.state.relaxation(node)[0]
        box = self.state.replay.box(halved)
        above, _ = relu_slopes(box.lower, box.upper)
        return self.state.apply("relu_upper", node, {"operand": halved}, {"s": above})


def _row(values: Sequence[int], bits: int) -> ExactTensor:
    """Integers times 2^-bits as one row."""
    scale = mpq(1, 1 << bits)
    return ExactTensor.from_rationals([value * scale for value in values], (1, len(values)))
