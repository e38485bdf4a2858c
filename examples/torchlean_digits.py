"""TorchLean's linear digits classifier as an ONNX model, with its data and two property files.

    python examples/torchlean_digits.py WEIGHTS.json DATA.json DIRECTORY

Weights are binary32 numbers printed as shortest decimals of binary64: read so, each has to be a
binary32 number, or is refused. The data are divided already. `clipped.toml` and `unclipped.toml`
ask for radius 0.02, as the report does that comes with them (`docs/foreign-certificates.md`).
"""

import hashlib
import sys
from pathlib import Path

import click
import numpy as np
from onnx import TensorProto, helper, numpy_helper

from refsem.certificates.foreign.digits import read_classifier, read_examples
from refsem.errors import InputError
from refsem.exact import ExactTensor
from refsem.untrusted.strict_json import read_json

INPUTS, CLASSES = 64, 10


def binary32(tensor: ExactTensor) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """The numbers, read as binary64, as binary32; `ValueError` if they are no such numbers."""
    read = tensor.nearest_float64()
    found = read.astype(np.float32)
    if not np.array_equal(found.astype(np.float64), read):
        raise ValueError("a weight is no binary32 number")
    return found


def model(weight: ExactTensor, bias: ExactTensor) -> bytes:
    """The classifier: one Gemm."""
    constants = [
        numpy_helper.from_array(binary32(weight), "weight"),
        numpy_helper.from_array(binary32(bias).reshape(-1), "bias"),
    ]
    node = helper.make_node("Gemm", ["x", "weight", "bias"], ["y"], transB=1)
    ends = (
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, size])]
        for name, size in (("x", INPUTS), ("y", CLASSES))
    )
    graph = helper.make_graph([node], "digits_linear", *ends, constants)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    return made.SerializeToString()  # type: ignore[no-any-return]


@click.command()
@click.argument("weights", type=click.Path(path_type=Path))
@click.argument("data", type=click.Path(path_type=Path))
@click.argument("directory", type=click.Path(path_type=Path))
def command(weights: Path, data: Path, directory: Path) -> None:
    """Convert WEIGHTS and DATA into files in DIRECTORY."""
    classifier = read_classifier(read_json(weights), INPUTS, CLASSES)
    examples = read_examples(read_json(data), INPUTS, CLASSES, classifier.divisor)
    try:
        content = model(classifier.weight, classifier.bias)
    except ValueError as error:
        raise InputError(str(weights), "", str(error)) from None
    lines = [
        ",".join([str(one.label), *map(str, one.values.rationals())]) + "\n"
        for one in examples.values()
    ]
    rows = "".join(lines).encode()
    (directory / "model.onnx").write_bytes(content)
    (directory / "test.csv").write_bytes(rows)
    header = (
        'format = "refsem.property.v1"\nkind = "robustness"\n'
        f'model_sha256 = "{hashlib.sha256(content).hexdigest()}"\nnorm = "inf"\nradius = 0.02\n'
        f'examples_file = "test.csv"\nexamples_sha256 = "{hashlib.sha256(rows).hexdigest()}"\n'
    )
    (directory / "unclipped.toml").write_text(header, "utf-8")
    (directory / "clipped.toml").write_text(header + "clip = [0, 1]\n", "utf-8")


def main(arguments: list[str]) -> int:
    """Exit status: 0 done, 3 bad arguments or files, with one line on standard error."""
    try:
        command.main(arguments, prog_name="torchlean_digits.py", standalone_mode=False)
    except click.ClickException as error:
        print(" ".join(error.format_message().split()), file=sys.stderr)
    except (InputError, OSError) as error:
        print(error, file=sys.stderr)
    else:
        return 0
    return 3


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
