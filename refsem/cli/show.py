"""`refsem show`: the graph of a model, as a table or as JSON."""

from pathlib import Path

import click
from rich.table import Table

from refsem.cli.terminal import print_json, report_console
from refsem.ir import Graph, Node, load_model
from refsem.ir.graph_file import write_graph


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
@click.option(
    "--write",
    type=click.Path(path_type=Path),
    help="Write the graph here, as refsem.graph.v1 with every constant.",
)
def show(model: Path, as_json: bool, write: Path | None) -> int:
    """Show the graph of MODEL as refsem reads it."""
    graph = load_model(model)
    if write is not None:
        write_graph(write, graph)
    if as_json:
        print_json(
            {
                "remarks": list(graph.remarks),
                "inputs": list(graph.inputs),
                "outputs": list(graph.outputs),
                "nodes": [_object(node) for node in graph.nodes],
            }
        )
    else:
        report_console().print(_table(graph))
        for remark in graph.remarks:
            report_console().print(f"note: {remark}", markup=False)
    return 0


def _attributes(node: Node) -> dict[str, object]:
    """The attributes, without the shape that every node has anyway."""
    return {
        name: list(value) if isinstance(value, tuple) else str(value)
        for name, value in node.attributes
        if (name, value) != ("shape", node.shape)
    }


def _object(node: Node) -> dict[str, object]:
    return {
        "name": node.name,
        "op": node.op.value,
        "operands": list(node.operands),
        "attributes": _attributes(node),
        "shape": list(node.shape),
    }


def _table(graph: Graph) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("tensor", "operator", "operands", "attributes", "shape"):
        table.add_column(column, overflow="fold")
    for node in graph.nodes:
        attributes = " ".join(f"{name}={value}" for name, value in _attributes(node).items())
        role = " (input)" * (node.name in graph.inputs) + " (output)" * (node.name in graph.outputs)
        table.add_row(
            node.name + role,
            node.op.value,
            ", ".join(node.operands),
            attributes,
            "×".join(map(str, node.shape)) or "scalar",
        )
    return table
