"""auto_LiRPA's bounds of a network: of every tensor that it holds bounds of after one run.

The network is written in torch from the graph (`torch_network.py`) and bounded by `compute_bounds`.
Which tensor a node of the library is is told by values: both networks are evaluated at the same
points, and a node is a tensor if all values agree. Where a node could be two tensors that are not
the same entries, or a tensor two nodes of other bounds, nothing is recorded. `claims` does the same
for a module that a person has bounded before, however it was made.

Bounds recorded are those the library keeps on its nodes, and for the output what it returns. CROWN
keeps those of operands of non-linear functions only; other tensors are without a claim.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import numpy as np

from refsem.errors import InputError
from refsem.hunt.adapters.auto_lirpa import Options, read_options
from refsem.importers.record import Ends, Run, Task
from refsem.importers.torch_network import Network, torch_network
from refsem.ir.graph import Node
from refsem.ir.operators import Op

NAME = "auto_lirpa"

POINTS = 8
"""Points at which values are compared."""
AGREEMENT = 2.0**-16
"""How far values may differ, in proportion to the tensor's greatest: sums have other orders."""
_SEED = 2026

_METHODS = {"IBP": "ibp", "CROWN": "crown"}
"""What a bounds file calls a method; every other one is `other`."""


def options_of(text: str) -> Options:
    """What is asked of the library, as in a hunt's target; `InputError` for what is no option."""
    options = read_options(text)
    if options.form or options.concretised:
        raise InputError("", f"{NAME}:{text}", "form and concretised are options of a hunt only")
    return options


def run(task: Task, options: Options) -> Run:
    """The bounds of one run; `InputError` where the library is absent or refuses the network."""
    torch, lirpa = _library()
    before = torch.get_default_dtype()
    torch.set_default_dtype(getattr(torch, task.floats))
    try:
        network = torch_network(torch, task.graph, task.floats)
        lower, upper = (_image(torch, task, ends) for ends in (task.lower, task.upper))
        given = {"verbosity": 0, **options.bound}
        centre = (lower + upper) / 2
        bounded = lirpa.BoundedModule(network.module(), centre, bound_opts=given, device="cpu")
        box = lirpa.PerturbationLpNorm(norm=np.inf, x_L=lower, x_U=upper)
        inputs = (lirpa.BoundedTensor(centre, box),)
        output = bounded.compute_bounds(x=inputs, method=options.method)
        found = claims(task, bounded, output, network)
    except InputError as error:
        raise InputError(str(task.model), error.place, error.message) from error
    except Exception as error:
        message = f"{NAME} refuses: {type(error).__name__}: {error}"
        raise InputError(str(task.model), "", message) from error
    finally:
        torch.set_default_dtype(before)
    versions = f"auto_LiRPA {lirpa.__version__}, torch {torch.__version__}"
    producer = f"{versions}, {options.method}, {task.floats}"
    return Run(producer, _METHODS.get(options.method.upper(), "other"), found)


def claims(
    task: Task,
    bounded: Any,  # noqa: ANN401  a BoundedModule
    output: tuple[Any, Any] | None,
    network: Network | None = None,
) -> Ends:
    """The bounds that a bounded module holds, by tensor of the task's graph.

    `output` is what `compute_bounds` returned, if it is not to be read off the last node.
    """
    torch = _library()[0] if network is None else network.torch
    network = network or torch_network(torch, task.graph, task.floats)
    held = {
        name: ends
        for name, node in _nodes(bounded).items()
        if (ends := _held(torch, node)) is not None
    }
    if output is not None:
        held[bounded.final_name] = (_flat(output[0]), _flat(output[1]))
    ours, theirs = _values(torch, task, bounded, network, tuple(held))
    found: dict[str, tuple[Any, Any]] = {}
    doubtful = set()
    for other, ends in held.items():
        agreeing = [name for name, rows in ours.items() if _agree(rows, theirs[other])]
        if len({_origin(task.graph.by_name(), name) for name in agreeing}) > 1:
            doubtful |= set(agreeing)
        for name in agreeing:
            if name in found and not np.array_equal(found[name], ends):
                doubtful.add(name)
            found[name] = ends
    return {name: ends for name, ends in found.items() if name not in doubtful}


def _origin(nodes: Mapping[str, Node], name: str) -> str:
    """The tensor whose entries, in the same order, this one's are."""
    while nodes[name].op in {Op.RESHAPE, Op.IDENTITY}:
        (name,) = nodes[name].operands
    return name


def _library() -> tuple[Any, Any]:
    try:
        return import_module("torch"), import_module("auto_LiRPA")
    except Exception as error:
        message = f"cannot be imported: {type(error).__name__}: {error}"
        raise InputError("", NAME, message) from error


def _nodes(bounded: Any) -> Mapping[str, Any]:  # noqa: ANN401
    return {node.name: node for node in bounded.nodes() if node.perturbed}


def _held(torch: Any, node: Any) -> tuple[Any, Any] | None:  # noqa: ANN401
    lower, upper = node.lower, node.upper
    if not (torch.is_tensor(lower) and torch.is_tensor(upper)):
        return None
    return _flat(lower), _flat(upper)


def _flat(tensor: Any) -> Any:  # noqa: ANN401  a float64 array
    return np.asarray(tensor.detach().cpu().numpy(), np.float64).reshape(-1)


def _image(torch: Any, task: Task, flat: Any) -> Any:  # noqa: ANN401
    shape = task.graph.node(task.graph.inputs[0]).shape
    return torch.from_numpy(flat.reshape(shape)).to(getattr(torch, task.floats))


def _values(
    torch: Any,  # noqa: ANN401
    task: Task,
    bounded: Any,  # noqa: ANN401
    network: Network,
    wanted: tuple[str, ...],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The values of the graph's tensors and of the library's nodes at the same points, as rows.

    Points lie inside the box and around it, some far outside, so that both branches of most
    kinks are met.
    """
    source = np.random.default_rng(_SEED)
    width, middle = task.upper - task.lower, (task.lower + task.upper) / 2
    ours: dict[str, list[Any]] = {name: [] for name in task.tensors}
    theirs: dict[str, list[Any]] = {name: [] for name in wanted}
    for number in range(POINTS):
        step = source.standard_normal(middle.shape)
        point = _image(torch, task, middle + step * (width + number * (1 + abs(middle))))
        with torch.no_grad():
            for name, value in network.tensors(point).items():
                if name in ours:
                    ours[name].append(_flat(value))
            bounded(point)
        nodes = _nodes(bounded)
        for name in wanted:
            theirs[name].append(_flat(nodes[name].forward_value))
    return _rows(ours), _rows(theirs)


def _rows(values: dict[str, list[Any]]) -> dict[str, Any]:
    return {name: np.stack(rows) for name, rows in values.items() if rows}


def _agree(ours: Any, theirs: Any) -> bool:  # noqa: ANN401
    if ours.shape != theirs.shape:
        return False
    allowed = AGREEMENT * abs(ours).max(axis=1, keepdims=True)
    return bool((abs(ours - theirs) <= allowed).all())
