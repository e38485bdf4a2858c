"""Files that travel with certificates and are none: graphs, weights, data sets, lists.

They are named for what they are; what they hold is not checked here.
"""

from collections.abc import Callable

from refsem.certificates.foreign.material import FileFormat, Material, called
from refsem.certificates.report import NO_ANSWERS, CheckReport, Verdict
from refsem.untrusted.strict_json import Value


def _named(name: str, what: str, recognises: Callable[[Value], bool]) -> FileFormat:
    def check(_material: Material) -> CheckReport:
        return CheckReport(name, Verdict.NOT_A_CERTIFICATE, (what,), NO_ANSWERS)

    return FileFormat(name, recognises, check)


def _parameter_names(root: Value) -> bool:
    """Keys such as layers.0.weight, at the top or under `params`."""
    keys = root.value if isinstance(root.value, dict) else {}
    return any(str(key).startswith("layers.") for key in keys)


def _points(root: Value) -> bool:
    return root.has("collocation") or root.has("boundary", "data")


FORMATS = (
    _named(
        "torchlean.ir.v1",
        "a graph: give it to a certificate as --model, or to `refsem show`",
        called("torchlean.ir.v1"),
    ),
    _named(
        "digits_linear_weights_v0_1",
        "weights: what a margin report is about",
        called("digits_linear_weights_v0_1"),
    ),
    _named(
        "digits_dataset_v0_1",
        "a data set: what a margin report is about",
        called("digits_dataset_v0_1"),
    ),
    _named(
        "two-stage bits",
        "weights as bit patterns of binary32",
        called("uint32-bits-as-decimal-strings"),
    ),
    _named("state dict", "weights: a PyTorch state dict", lambda root: root.has("params", "meta")),
    _named("ode network", "weights: a network an ODE corridor names", _parameter_names),
    _named("pinn points", "a data set: points of a differential equation", _points),
    _named("manifest", "a manifest: a list of cases to be run", lambda root: root.has("cases")),
    _named("layer parameters", "parameters of a network, in words", lambda r: r.has("layers")),
    _named(
        "mnist_fc_crownobj_alpha_v0_1",
        "slopes: choices, which claim nothing by themselves",
        called("mnist_fc_crownobj_alpha_v0_1"),
    ),
)
