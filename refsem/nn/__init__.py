"""The PyTorch-style front door: programs on tensors, run at once or traced into the shared graph.

A program applies functions and modules to tensors. Given tensors of numbers in a stated
arithmetic (`tensor`) it runs at once; `compile` traces it into a `refsem.ir.Graph`, which every
audit takes. Both have the same value, bit for bit: what evaluates is the same.
"""

from refsem.ir.graph_file import write_graph
from refsem.nn.arithmetics import Exact, Executed, Interval
from refsem.nn.eager import ends, interval, patterns_of, rationals, run, tensor
from refsem.nn.errors import (
    ContextError,
    DataFlowError,
    NumberError,
    OperandError,
    ParameterError,
    ValueUnknownError,
)
from refsem.nn.layers import BatchNorm, Conv2d, LayerNorm, Linear, Parameter
from refsem.nn.modules import (
    GELU,
    AvgPool2d,
    Flatten,
    Identity,
    LeakyReLU,
    MaxPool2d,
    ReLU,
    Residual,
    Sequential,
    Sigmoid,
    SiLU,
    Softmax,
    Tanh,
)
from refsem.nn.numbers import rounded
from refsem.nn.reading import read_state
from refsem.nn.safetensors import write_safetensors
from refsem.nn.tensor import Tensor
from refsem.nn.tracing import compile  # noqa: A004  as torch calls it
from refsem.nn.weights import load

__all__ = [
    "GELU",
    "AvgPool2d",
    "BatchNorm",
    "ContextError",
    "Conv2d",
    "DataFlowError",
    "Exact",
    "Executed",
    "Flatten",
    "Identity",
    "Interval",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "MaxPool2d",
    "NumberError",
    "OperandError",
    "Parameter",
    "ParameterError",
    "ReLU",
    "Residual",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Tanh",
    "Tensor",
    "ValueUnknownError",
    "compile",
    "ends",
    "interval",
    "load",
    "patterns_of",
    "rationals",
    "read_state",
    "rounded",
    "run",
    "tensor",
    "write_graph",
    "write_safetensors",
]
