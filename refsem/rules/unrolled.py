"""Unrolling: affine maps and ReLUs with bypasses, as a chain of affine maps and ReLUs.

What is needed later than in the next layer is carried along: the output of a ReLU is at least 0,
so that one more ReLU changes nothing; of the input, the distance from the lower end of the region's
box, rounded down, is carried. Throughout the region every row of the target has the value it had;
outside it need not.

The layers are made of forms that the replay established as equalities. Trusted: a verdict on the
chain is one on the graph. Not covered: other activations, and layers that would be too wide.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count, pairwise

import numpy as np
from gmpy2 import mpq

from refsem.exact import ExactTensor
from refsem.exact.tensor import Toward, concatenate
from refsem.ir.evaluation import Prepared, prepare_exactly
from refsem.ir.graph import Bits, Graph, Node, make_node
from refsem.ir.operators import Op
from refsem.rules.chain import NotChain
from refsem.rules.propagation import Propagation
from refsem.rules.replay import Replay
from refsem.rules.trace import Combination, Form, Region, Side

WIDEST = 1024
"""Entries of a layer at most."""

MOST = 1 << 24
"""Entries of all weights together at most."""


def unrolled(
    prepared: Prepared, region: Region, targets: Mapping[str, Combination]
) -> Prepared | NotChain:
    """A chain over the same input whose output is the one target within the region."""
    (target,), (source,) = targets, region.boxes
    state = Propagation(Replay(prepared, (region,), targets), 0)
    forms: dict[str, Form] = {}
    pending = [target]
    while pending:
        value = pending.pop()
        form = _form(state, value)
        if isinstance(form, NotChain):
            return form
        forms[value] = form
        for name in form.coefficients:
            if name == source:
                continue
            if name not in prepared.nodes or prepared.nodes[name].op is not Op.RELU:
                return NotChain(f"{name!r} is no ReLU")
            (before,) = prepared.operands(name)
            if before not in forms:
                pending.append(before)
    return _Unrolling.of(prepared, region, forms, target).graph()


def _form(state: Propagation, value: str) -> Form | NotChain:
    """A value in terms of ReLUs and the input."""
    prepared = state.replay.prepared
    stops = [name for name in prepared.nodes if name not in prepared.affine]
    below, above = state.forms(value, stops)
    form = state.form(below)
    if below != above or form.side is not Side.EQUAL or not form.coefficients:
        return NotChain(f"{value!r} is not an affine map of tensors")
    return form


@dataclass(frozen=True, slots=True, eq=False)
class _Unrolling:
    """The ReLUs needed, by level: the input is of level 0, the target above all others."""

    source: Node
    shift: ExactTensor
    """A row of numbers that are at most the input, throughout the region."""
    before: Mapping[str, str]
    """The tensor that each ReLU is applied to."""
    forms: Mapping[str, Form]
    levels: Mapping[str, int]
    target: str

    @classmethod
    def of(
        cls, prepared: Prepared, region: Region, forms: Mapping[str, Form], target: str
    ) -> "_Unrolling":
        ((source, (lower, _)),) = region.boxes.items()
        levels = {source: 0}
        before: dict[str, str] = {}
        for name, node in prepared.nodes.items():
            if node.op is Op.RELU and node.operands[0] in forms:
                before[name] = node.operands[0]
                levels[name] = 1 + max(levels[one] for one in forms[before[name]].coefficients)
        shift = lower.rounded(Toward.DOWN, 0)
        return cls(prepared.nodes[source], shift, before, forms, levels, target)

    def graph(self) -> Prepared | NotChain:
        """The chain, layer by layer."""
        last = 1 + max(self.levels[name] for name in self.forms[self.target].coefficients)
        layers = [
            tuple(name for name in self.levels if self._kept(name, level, last))
            for level in range(1, last)
        ]
        # before any weight is made: what is carried has as many rows as columns
        if reason := self._too_large(layers):
            return NotChain(reason)
        chain = _Chain.starting(self.source)
        held: tuple[str, ...] = (self.source.name,)
        for level, kept in enumerate(layers, 1):
            chain.affine([self._rows(name, held, level) for name in kept])
            chain.relu()
            held = kept
        chain.affine([self._value(self.target, held, last)])
        return chain.prepared()

    def _too_large(self, layers: Sequence[Sequence[str]]) -> str | None:
        """Why layers that hold these tensors are not made, if they are not."""
        inner = [sum(self._size(name) for name in kept) for kept in layers]
        if max(inner, default=0) > WIDEST:
            return f"a layer of more than {WIDEST} entries"
        widths = (self.source.size, *inner, self._height(self.target))
        if sum(height * width for width, height in pairwise(widths)) > MOST:
            return f"layers of more than {MOST} weights"
        return None

    def _kept(self, name: str, level: int, last: int) -> bool:
        """Whether a tensor is an entry of a level's layer: it is there, and needed after."""
        if self.levels[name] > level:
            return False
        users = [self.levels[one] for one, value in self.before.items() if self._uses(value, name)]
        if self._uses(self.target, name):
            users.append(last)
        return max(users, default=0) > level

    def _uses(self, value: str, name: str) -> bool:
        return name in self.forms[value].coefficients

    def _size(self, name: str) -> int:
        return self.source.size if name == self.source.name else self._height(self.before[name])

    def _height(self, value: str) -> int:
        return int(self.forms[value].constant.shape[0])

    def _rows(self, name: str, held: Sequence[str], level: int) -> tuple[ExactTensor, ExactTensor]:
        """Weight and constant of a layer's entries: a ReLU's argument, or what is carried."""
        if self.levels[name] == level:
            return self._value(self.before[name], held, level)
        size = self._size(name)
        blocks = {name: ExactTensor.identity(size)}
        constant = ExactTensor.full((size, 1), mpq(0))
        if name == self.source.name and level == 1:
            constant = -self.shift.transpose((1, 0))
        return self._row_of_blocks(blocks, held, size), constant

    def _value(
        self, value: str, held: Sequence[str], level: int
    ) -> tuple[ExactTensor, ExactTensor]:
        """Weight and constant of a value in terms of what the layer before holds."""
        form = self.forms[value]
        constant = form.constant
        if level > 1 and self.source.name in form.coefficients:
            constant = constant + form.coefficients[self.source.name].matmul(
                self.shift.transpose((1, 0))
            )
        weight = self._row_of_blocks(form.coefficients, held, self._height(value))
        return weight, constant

    def _row_of_blocks(
        self, blocks: Mapping[str, ExactTensor], held: Sequence[str], height: int
    ) -> ExactTensor:
        missing = set(blocks) - set(held)
        if missing:
            raise AssertionError(f"{sorted(missing)} not carried")
        parts = [
            blocks[name] if name in blocks else ExactTensor.full((height, self._size(name)), mpq(0))
            for name in held
        ]
        return concatenate(parts, axis=1)


@dataclass(slots=True)
class _Chain:
    """A graph in the making; constants have their exact values apart, bits are not looked at."""

    nodes: list[Node]
    constants: dict[str, Bits]
    values: dict[str, ExactTensor]
    numbers: "count[int]"

    @classmethod
    def starting(cls, source: Node) -> "_Chain":
        """A row that is the input."""
        chain = cls([source], {}, {}, count())
        chain._apply(Op.RESHAPE, (source,), {"shape": (1, source.size)})
        return chain

    def affine(self, parts: Sequence[tuple[ExactTensor, ExactTensor]]) -> None:
        """The rows of an affine map, one part after another."""
        last = self.nodes[-1]
        weight = concatenate([weight for weight, _ in parts], axis=0).transpose((1, 0))
        constant = concatenate([constant for _, constant in parts], axis=0).transpose((1, 0))
        product = self._apply(Op.MATMUL, (last, self._constant(weight)), {})
        self._apply(Op.ADD, (product, self._constant(constant)), {})

    def relu(self) -> None:
        """The ReLU of the last tensor."""
        self._apply(Op.RELU, (self.nodes[-1],), {})

    def prepared(self) -> Prepared:
        """The chain as it stands, its last tensor the output."""
        source, sink = self.nodes[0], self.nodes[-1]
        graph = Graph(tuple(self.nodes), self.constants, (source.name,), (sink.name,))
        return prepare_exactly(graph, self.values)

    def _constant(self, value: ExactTensor) -> Node:
        node = self._apply(Op.CONSTANT, (), {"shape": value.shape})
        self.constants[node.name] = np.zeros(value.shape, dtype=np.uint32)
        self.values[node.name] = value
        return node

    def _apply(
        self, op: Op, operands: tuple[Node, ...], attributes: Mapping[str, tuple[int, ...]]
    ) -> Node:
        name = source = self.nodes[0].name
        while name == source:
            name = f"unrolled {next(self.numbers)}"
        node = make_node(name, op, operands, attributes)
        self.nodes.append(node)
        return node
