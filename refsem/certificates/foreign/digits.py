"""What a margin report is about: a linear classifier and a data set, decimals read exactly."""

from dataclasses import dataclass

from gmpy2 import mpq

from refsem.exact import ExactTensor
from refsem.ir.steps import Matrix
from refsem.untrusted.decimals import read_decimal, read_integer, read_matrix, read_vector
from refsem.untrusted.strict_json import Value

WEIGHTS = "digits_linear_weights_v0_1"
DATASET = "digits_dataset_v0_1"


@dataclass(frozen=True, slots=True, eq=False)
class Classifier:
    """weight · x + bias: weight (classes, inputs), bias (1, classes); inputs divided by divisor.

    The data set's values are already divided.
    """

    weight: ExactTensor
    bias: ExactTensor
    divisor: mpq

    def _matrix(self) -> Matrix:
        outputs, inputs = self.weight.shape
        return Matrix.of(1, self.weight.transpose((1, 0)).reshape(1, inputs, outputs))

    def forward(self, inputs: ExactTensor) -> ExactTensor:
        """The logits of each row of inputs."""
        return self._matrix().forward(inputs) + self.bias

    def interval(self, lower: ExactTensor, upper: ExactTensor) -> tuple[ExactTensor, ExactTensor]:
        """The exact range of each logit over each row's box."""
        low, high = self._matrix().interval((lower, upper))
        return low + self.bias, high + self.bias


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """One example of a data set: its inputs, shape (1, inputs), and its label."""

    values: ExactTensor
    label: int


def read_classifier(root: Value, inputs: int, classes: int) -> Classifier:
    """The classifier of a weights file with these numbers of inputs and classes."""
    keys = ("format", "in_dim", "out_dim", "normalize_div", "layers.0.weight", "layers.0.bias")
    members = root.members(keys, ())
    if members["format"].text() != WEIGHTS:
        raise members["format"].error(f"{WEIGHTS!r} was expected")
    read_integer(members["in_dim"], inputs, inputs)
    read_integer(members["out_dim"], classes, classes)
    return Classifier(
        read_matrix(members["layers.0.weight"], classes, inputs),
        read_vector(members["layers.0.bias"], classes),
        read_decimal(members["normalize_div"]),
    )


def read_examples(root: Value, inputs: int, classes: int, divisor: mpq) -> dict[int, Example]:
    """The examples of a data set by their ids; its inputs must be divided as the classifier's."""
    keys = ("format", "input_dim", "num_classes", "normalize_div", "examples")
    members = root.members(keys, ("split",))
    if members["format"].text() != DATASET:
        raise members["format"].error(f"{DATASET!r} was expected")
    read_integer(members["input_dim"], inputs, inputs)
    read_integer(members["num_classes"], classes, classes)
    if read_decimal(members["normalize_div"]) != divisor:
        raise members["normalize_div"].error(f"the classifier's is {divisor}")
    found: dict[int, Example] = {}
    for place in members["examples"].items():
        example = place.members(("id", "x", "y"), ())
        identity = read_integer(example["id"], 0, 10**9)
        if identity in found:
            raise example["id"].error(f"{identity} occurs twice")
        values = read_vector(example["x"], inputs)
        found[identity] = Example(values, read_integer(example["y"], 0, classes - 1))
    return found
