"""What ONNX nodes become: tensors of the graph, or constants where only integers are involved.

Integers are lists of shapes, axes and indices; operators on constant integers are evaluated by the
exact reading of the catalogue, so that what a shape computation means is stated nowhere else. A
quotient of integers must be an integer. Where an integer constant meets a tensor of the graph it
becomes a constant of the graph, if each of its numbers is a binary32 value.
"""

from dataclasses import dataclass

import numpy as np
from gmpy2 import mpq

from refsem.errors import InputError
from refsem.exact import ExactTensor
from refsem.ir.evaluation import node_value
from refsem.ir.graph import GraphError, Node, make_node
from refsem.ir.onnx_application import Application, Applied, Value
from refsem.ir.onnx_elementwise import binary32_bits
from refsem.ir.onnx_scope import Scope
from refsem.ir.onnx_values import FLOAT, IntegerTensor, check_range, check_shape
from refsem.ir.operators import Op


@dataclass(frozen=True, slots=True)
class Definer:
    """The definition of one tensor of an ONNX node, and of its inner ones."""

    scope: Scope
    node: Application
    name: str

    def define(self, applied: Applied) -> None:
        """Define the tensor as operators of the catalogue, of which it must be a right use."""
        value = self._value(applied, self.name)
        if isinstance(value, IntegerTensor):
            self.scope.define_constant(self.name, value, self.node.place)

    def _value(self, applied: Applied, name: str | None) -> Value:
        """What an operator becomes: constant integers, or a tensor now defined."""
        operands = [
            self._value(operand, None) if isinstance(operand, Applied) else operand
            for operand in applied.operands
        ]
        integers = [operand for operand in operands if isinstance(operand, IntegerTensor)]
        if len(integers) == len(operands) and applied.element != FLOAT:
            return self._folded(applied, integers)
        nodes = tuple(
            self._constant(operand) if isinstance(operand, IntegerTensor) else operand
            for operand in operands
        )
        name = self.scope.fresh(self.name) if name is None else name
        node = self._make(name, applied, nodes)
        self.scope.define(name, node, self.node.place)
        if applied.element != FLOAT:
            self.scope.elements[name] = applied.element
        return node

    def _make(self, name: str, applied: Applied, operands: tuple[Node, ...]) -> Node:
        try:
            return make_node(name, applied.op, operands, applied.attributes)
        except GraphError as error:
            raise InputError(self.node.file, self.node.place, error.message) from error

    def _constant(self, value: IntegerTensor) -> Node:
        bits = binary32_bits(self.node, value)
        node = make_node(self.scope.fresh(self.name), Op.CONSTANT, (), {"shape": bits.shape})
        self.scope.define(node.name, node, self.node.place)
        self.scope.constants[node.name] = bits
        return node

    def _folded(self, applied: Applied, operands: list[IntegerTensor]) -> IntegerTensor:
        """The value of an operator on constant integers."""
        nodes = tuple(
            make_node(f"{place}", Op.CONSTANT, (), {"shape": operand.values.shape})
            for place, operand in enumerate(operands)
        )
        node = self._make("result", applied, nodes)
        check_shape(node.shape, self.node.file, self.node.place)
        values = {
            held.name: ExactTensor(operand.values.astype(object).reshape(1, -1), 0, 1)
            for held, operand in zip(nodes, operands, strict=True)
        }
        try:
            found = node_value(node, {held.name: held.shape for held in nodes}, values)
        except ZeroDivisionError as error:
            raise self.node.refusal("a division by zero") from error
        return self._integers(node, applied.element, found.rationals())

    def _integers(self, node: Node, element: int, found: list[mpq]) -> IntegerTensor:
        for value in found:
            if value.denominator != 1:
                raise self.node.refusal(f"the quotient {value} is not an integer")
        whole = np.array([int(value) for value in found], dtype=object)
        check_range(whole, element, self.node.file, self.node.place)
        return IntegerTensor(whole.astype(np.int64).reshape(node.shape), element)
