"""`refsem import`: a verifier's bounds of a network over a property, recorded to be audited."""

from pathlib import Path

import click

from refsem.errors import InputError
from refsem.importers import auto_lirpa, marabou
from refsem.importers.record import Run, Task, bounds_text, read_task
from refsem.obligations.ledger import write_whole

LEFT_OUT = 1
"""Exit status where the verifier claims something that no bounds file can say."""


@click.command("import")
@click.argument("verifier")
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("property_", metavar="PROPERTY", type=click.Path(path_type=Path))
@click.argument("out", metavar="OUT.json", type=click.Path(path_type=Path))
def import_command(verifier: str, model: Path, property_: Path, out: Path) -> int:
    """Run VERIFIER on MODEL over PROPERTY's box and record its bounds, to be audited.

    VERIFIER is auto_lirpa[:METHOD][,dtype=float64][,KEY=VALUE…] or marabou[:deeppoly|sbt|none];
    either has to be installed where this runs. Then: refsem audit MODEL PROPERTY --bounds OUT.json

    Exit status 0 written; 1 written, without tensors whose bounds are NaN or have no point;
    3 the verifier is absent or refuses.
    """
    task, found = _run(verifier, model, property_)
    text, left_out = bounds_text(task, found)
    write_whole(out, text)
    for words in left_out:
        click.echo(f"left out: {words}", err=True)
    click.echo(f"{found.producer}: bounds of {len(found.tensors) - len(left_out)} tensors")
    return LEFT_OUT if left_out else 0


def _run(verifier: str, model: Path, property_: Path) -> tuple[Task, Run]:
    name, _, options = verifier.partition(":")
    match name:
        case auto_lirpa.NAME:
            asked = auto_lirpa.options_of(options)
            task = read_task(model, property_, asked.dtype)
            return task, auto_lirpa.run(task, asked)
        case marabou.NAME:
            strategy = marabou.strategy_of(options)
            task = read_task(model, property_, "float64")
            return task, marabou.run(task, strategy)
        case _:
            known = f"{auto_lirpa.NAME}, {marabou.NAME}"
            raise InputError("", verifier, f"no such verifier is known; there are {known}")
