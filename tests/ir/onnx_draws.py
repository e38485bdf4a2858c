"""ONNX graphs drawn valid by construction: a `Draft` collects nodes, a recipe adds one operator.

A recipe may use every attribute and every optional input of its operator at the draft's operator
set. Constants and points are small multiples of 1/2, so that recipes which neither divide nor
apply a function (`rounds` false) are exact in any binary32 arithmetic, in every order.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
import onnx
from hypothesis import strategies as st
from numpy.typing import NDArray
from onnx import helper
from onnx_models import model

Array = NDArray[Any]
Shape = tuple[int, ...]
Draw = Callable[..., Any]

FRACTIONS = st.sampled_from([0.25, 0.5, 1.5, 2.0, 3.0])
SIGNED = st.sampled_from([-1.5, -0.5, 0.25, 0.5, 1.5, 2.0])
SIDES = st.integers(1, 4)
WHOLE_RANGE = 7
LARGEST = 500
"""How many entries a tensor may have that a further operator is applied to."""
GROWING = {"Pow", "ReduceSumSquare", "Exp"}
"""Operators whose results may be too long, or too great, for another to be exact."""


@dataclass
class Draft:
    """Nodes and constants so far; `shape` is that of `value`, the tensor to build on."""

    draw: Draw
    opset: int
    value: str
    shape: Shape
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: dict[str, Array] = field(default_factory=dict)

    def add(self, op: str, *inputs: str, count: int = 1, **attributes: object) -> list[str]:
        """The outputs of a new node."""
        names = [f"t{len(self.nodes)}_{place}" for place in range(count)]
        self.nodes.append(helper.make_node(op, list(inputs), names, **attributes))
        return names

    def constant(self, values: object, kind: type[np.generic] = np.float32) -> str:
        """The name of a new constant."""
        name = f"c{len(self.constants)}"
        self.constants[name] = np.array(values, kind)
        return name

    def integers(self, *values: int) -> str:
        """The name of a new list of int64."""
        return self.constant(list(values), np.int64)

    def model(self, shape: Shape, outputs: list[str]) -> onnx.ModelProto:
        """The model so far, of an input x of that shape."""
        return model(self.nodes, self.constants, {"x": shape}, outputs, opset=self.opset)

    def whole(self, *shape: int) -> str:
        """The name of a new constant of multiples of 1/2."""
        return self.constant(self.numbers(shape) / 2)

    def positive(self, *shape: int) -> str:
        """The name of a new constant of powers of two: dividing by it is exact."""
        return self.constant(2.0 ** np.clip(self.numbers(shape), -2, 2))

    def numbers(self, shape: Shape) -> Array:
        """Small integers."""
        source = np.random.default_rng(self.draw(st.integers(0, 2**16)))
        return source.integers(-WHOLE_RANGE, WHOLE_RANGE + 1, shape)

    def some(self, **choices: st.SearchStrategy[Any]) -> dict[str, Any]:
        """Attributes, each drawn or left out."""
        return {name: self.draw(value) for name, value in choices.items() if self.yes()}

    def yes(self) -> bool:
        """A truth value."""
        return bool(self.draw(st.booleans()))

    def axis(self, extra: int = 0, negative_since: int = 1) -> int:
        """An axis, perhaps counted from the end."""
        rank = len(self.shape) + extra
        return int(self.draw(st.integers(-rank if self.opset >= negative_since else 0, rank - 1)))

    def axes(self, least: int = 1, negative_since: int = 1) -> list[int]:
        """Distinct axes in any order, each perhaps counted from the end."""
        rank = len(self.shape)
        places = self.draw(st.permutations(range(rank)))[: self.draw(st.integers(least, rank))]
        return self.signed(places, rank, negative_since)

    def signed(self, places: list[int], rank: int, negative_since: int = 1) -> list[int]:
        """The axes, each perhaps counted from the end."""
        may = self.opset >= negative_since
        return [axis - rank if may and self.yes() else axis for axis in places]

    def broadcastable(self) -> Shape:
        """A shape that broadcasts to that of the value."""
        kept = self.shape[self.draw(st.integers(0, len(self.shape))) :]
        return tuple(1 if self.yes() and self.yes() else length for length in kept)


@dataclass(frozen=True)
class Recipe:
    """How an operator is added to a draft; the result is the names of its float results."""

    op: str
    build: Callable[[Draft], list[str]]
    ranks: tuple[int, int] = (0, 3)
    rounds: bool = False
    positive: bool = False
    """Whether the operand has to be positive."""
    since: int = 1
    """The operator set from which on floats are allowed."""
    until: int = 99
    """The last operator set that has the operator."""


@dataclass(frozen=True)
class Made:
    """A model, points to run it at, and the recipes it follows."""

    model: onnx.ModelProto
    point: Mapping[str, Array]
    recipes: tuple[Recipe, ...]

    @property
    def rounds(self) -> bool:
        """Whether somebody has to round."""
        return any(recipe.rounds for recipe in self.recipes)


def shapes(ranks: tuple[int, int]) -> st.SearchStrategy[Shape]:
    """Shapes of these ranks; those of images are larger."""

    def of_rank(rank: int) -> st.SearchStrategy[Shape]:
        sides = [st.integers(1, 2), SIDES, *[st.integers(2, 6)] * rank][:rank]
        return st.tuples(*sides if ranks[0] > 2 else [SIDES] * rank)

    return st.integers(*ranks).flatmap(of_rank)


def point(draw: Draw, shape: Shape, *, positive: bool = False, rounds: bool = False) -> Array:
    """A point: multiples of 1/2, or of 1/1024 where results are rounded anyway."""
    source = np.random.default_rng(draw(st.integers(0, 2**16)))
    if rounds:
        values = source.integers(256 if positive else -3072, 3073, shape) / 1024
    else:
        values = source.integers(1 if positive else -WHOLE_RANGE, WHOLE_RANGE + 1, shape) / 2
    return np.asarray(values, np.float32)


@st.composite
def one_operator(draw: Draw, recipe: Recipe, opset: int) -> Made:
    """A model of one operator."""
    shape = draw(shapes(recipe.ranks))
    draft = Draft(draw, opset, "x", shape)
    outputs = recipe.build(draft)
    values = point(draw, shape, positive=recipe.positive, rounds=recipe.rounds)
    return Made(draft.model(shape, outputs), {"x": values}, (recipe,))


def fits(recipe: Recipe, shape: Shape) -> bool:
    """Whether the recipe may go on from a tensor of this shape and any sign."""
    fitting = recipe.ranks[0] <= len(shape) <= recipe.ranks[1] and 0 not in shape
    return fitting and not recipe.positive


@st.composite
def chained(
    draw: Draw, recipes: Mapping[int, tuple[Recipe, ...]], shape_of: Callable[[Made], Shape]
) -> Made:
    """A model of two or three operators one after another, of which the last may round.

    `recipes` are those of an operator set; `shape_of` says, without our help, which shape the
    result has.
    """
    opset = draw(st.sampled_from(sorted(recipes)))
    usable = [one for one in recipes[opset] if one.op not in GROWING]
    first = draw(st.sampled_from([one for one in usable if not (one.rounds or one.positive)]))
    shape = draw(shapes(first.ranks))
    draft = Draft(draw, opset, "x", shape)
    outputs = first.build(draft)
    made = Made(draft.model(shape, outputs), {"x": point(draw, shape)}, (first,))
    for _ in range(draw(st.integers(1, 2))):
        draft.value, draft.shape = outputs[0], shape_of(made)
        fitting = [one for one in usable if fits(one, draft.shape)]
        if not fitting or made.rounds or prod(draft.shape) > LARGEST:
            break
        recipe = draw(st.sampled_from(fitting))
        outputs = recipe.build(draft)
        made = Made(draft.model(shape, outputs), made.point, (*made.recipes, recipe))
    return made
