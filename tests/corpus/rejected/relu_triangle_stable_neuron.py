"""The triangle's chord used for a neuron that is off throughout: u is negative, ReLU is not."""

from dataclasses import replace

from refsem.rules.relu import relu_triangle

VARIANT_OF = "relu_triangle"
REFUTED_BY = "relu_triangle_stable_neuron/sound/upper"

RULE = replace(
    relu_triangle,
    name="relu_triangle_stable_neuron",
    sides=tuple(side for side in relu_triangle.sides if side.name != "straddles_above"),
)
