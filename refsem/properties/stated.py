"""Property files: what a file says of a model, as a graph, a property over it, and names of cases.

`.vnnlib` files speak of the model as it is. A `.toml` file (`refsem.property.v1`) names the kind of
what it claims, and may speak of a graph made from the model: the residual of an equation that the
model is to solve, the derivative of a function along the flow that it controls. Whatever it says
becomes an ordinary graph and an ordinary property, so that bounds, branching, certificates and the
ledger apply unchanged.

    format = "refsem.property.v1"
    kind = "robustness"
    model_sha256 = "…"          # optional; refused where it is of another model

Numbers are decimals, integers, or strings as in certificates (`"1/3"`, `"b32:3f800000"`), exact.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from refsem.ir.graph import Graph
from refsem.properties import lyapunov, residual, robustness
from refsem.properties.loading import load_property
from refsem.properties.statement import Statement
from refsem.untrusted.strict_json import Value
from refsem.untrusted.strict_toml import read_toml

FORMAT = "refsem.property.v1"
HEADER = ("format", "kind", "model_sha256")
"""The keys that every file may have; a kind's own come besides."""

KINDS: Mapping[str, Callable[[Value, Graph], Statement]] = {
    "lyapunov": lyapunov.stated,
    "residual": residual.stated,
    "robustness": robustness.stated,
}


def load_statement(path: Path, graph: Graph, model_sha256: str) -> Statement:
    """What a property file says of a model; `InputError` for a file that says nothing of it."""
    if not path.name.lower().endswith(".toml"):
        property_ = load_property(path)
        names = tuple(f"case {number}" for number in range(len(property_.cases)))
        return Statement(graph, property_, names, ())
    root = read_toml(path)
    if root.member("format").text() != FORMAT:
        raise root.member("format").error(f"expected {FORMAT!r}")
    kind = root.member("kind")
    if kind.text() not in KINDS:
        raise kind.error(f"{kind.text()!r}; expected one of {', '.join(KINDS)}")
    if root.has("model_sha256") and root.member("model_sha256").text() != model_sha256:
        raise root.member("model_sha256").error(
            f"is of another model; this one's is {model_sha256}"
        )
    return KINDS[kind.text()](_without_header(root), graph)


def _without_header(root: Value) -> Value:
    rest = {key: place.value for key, place in root.entries().items() if key not in HEADER}
    return Value(root.file, root.path, rest)
