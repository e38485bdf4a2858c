"""`refsem audit`: a network over a property, and a bounds file about both."""

import json
import os
import time
from dataclasses import dataclass, field
from hashlib import sha256
from math import isnan
from pathlib import Path
from typing import assert_never

import click

from refsem import __version__
from refsem.audit.boxes import BoxProof
from refsem.audit.branching import SplitProof
from refsem.audit.findings import NetworkAudit, Verdict
from refsem.audit.network import Budget, audit_network
from refsem.audit.report import Said, print_report
from refsem.audit.residual import Enclosed, enclosures
from refsem.audit.residual_report import residual_objects, residual_parts
from refsem.audit.result import exact_result, tolerant_result
from refsem.audit.robustness import ExampleReport, example_reports
from refsem.audit.robustness_report import robustness_object, robustness_parts
from refsem.audit.serialise import audit_object
from refsem.audit.signs import SignProof, Watch
from refsem.audit.unfinished import Unfinished
from refsem.certificates.bounds_file import BoundsFile, read_bounds
from refsem.certificates.derivation import BALLS, KEY, NONE, derivation_object
from refsem.certificates.judgement import BoundsReport, judge_bounds
from refsem.certificates.node_files import NodeKind
from refsem.certificates.node_graph import load_node_graph
from refsem.certificates.node_writer import certificate_text
from refsem.certificates.tree_file import SignRegion, TreeRegion, tree_object
from refsem.cli.terminal import layer_progress, peak_memory, print_json, report_console
from refsem.errors import InputError
from refsem.ir import load_model
from refsem.ir.evaluation import Prepared, prepare
from refsem.ir.graph import Graph
from refsem.ir.joining import joined
from refsem.ir.preprocessing import preprocessed
from refsem.obligations.ledger import write_ledger, write_whole
from refsem.properties.claims import check_fits
from refsem.properties.stated import load_statement
from refsem.properties.statement import Statement
from refsem.rules.propagation import (
    Method,
    NoRuleError,
    NotBoundedError,
    Progress,
    check_covered,
)

STATUS = {"holds": 0, "sound": 0, "violated": 1, "unsound": 1, "undecided": 2}
_BADNESS = (0, 2, 1)
"""Exit statuses from best to worst: refuted outranks undecided."""

_LATER = "is not supported yet"


@dataclass(slots=True)
class _Clock:
    """Seconds spent on each stage, for the report."""

    started: float = field(default_factory=time.perf_counter)
    stages: dict[str, str] = field(default_factory=dict)

    def lap(self, stage: str) -> None:
        """Record the time since the last lap under this name."""
        now = time.perf_counter()
        self.stages[stage] = f"{now - self.started:.2f}"
        self.started = now

    def costs(self) -> list[str]:
        """The seconds of each stage, and the most memory this process has held."""
        seconds = [f"{stage} {time_} s" for stage, time_ in self.stages.items()]
        most = peak_memory()
        return seconds if most is None else [*seconds, f"memory at most {most // 2**20} MiB"]


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("property_", metavar="PROPERTY", type=click.Path(path_type=Path))
@click.option(
    "--method",
    type=click.Choice([method.value for method in Method]),
    default="crown",
    show_default=True,
    help="How our own bounds are derived; forward is CROWN from the input on, alpha is CROWN "
    "with optimised slopes.",
)
@click.option(
    "--bounds", type=click.Path(path_type=Path), help="A refsem.bounds.v1 file to be judged."
)
@click.option(
    "--network",
    type=click.Choice(["real", "binary32"]),
    default="real",
    show_default=True,
    help="Which network is spoken of.",
)
@click.option(
    "--ledger", type=click.Path(path_type=Path), help="Write every obligation and its outcome here."
)
@click.option(
    "--branch",
    type=click.FloatRange(0, 1e7, min_open=True),
    metavar="SECONDS",
    help="Branch and bound for so long where bounds alone do not decide.",
)
@click.option(
    "--resume",
    type=click.Path(path_type=Path),
    help="With --branch: keep unfinished work here, and go on from it if it is there.",
)
@click.option(
    "--write-certificate",
    type=click.Path(path_type=Path),
    help="Write our bounds here, node by node; with --branch the split trees of what holds.",
)
@click.option(
    "--write-result",
    type=click.Path(path_type=Path),
    help="Write VNN-COMP's result here, and that with tolerance 1e-4 beside it (.tolerant).",
)
@click.option(
    "--preprocessing",
    type=click.Path(path_type=Path),
    help="What is done to the input before the network sees it: a refsem.preprocessing.v1 file.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def audit(
    model: Path,
    property_: Path,
    method: str,
    bounds: Path | None,
    network: str,
    ledger: Path | None,
    branch: float | None,
    resume: Path | None,
    write_certificate: Path | None,
    write_result: Path | None,
    preprocessing: Path | None,
    as_json: bool,
) -> int:
    """Judge the network MODEL over PROPERTY, exactly."""
    _refuse_later(network)
    _check_branching(branch, resume)
    _check_preprocessing(preprocessing, bounds, write_certificate, resume)
    clock = _Clock()
    graph = _read_model(model, preprocessing)
    prepared, statement = _read(graph, model, property_)
    node_wise = write_certificate if branch is None else None
    _check_balls(statement, bounds, node_wise)
    if statement.graph is not graph:
        _check_made(bounds, node_wise)
    claims = None if bounds is None else _read_claims(bounds, prepared, model)
    clock.lap("read")
    with layer_progress() as progress:
        kept = None if preprocessing else _unfinished(resume, ledger, model, property_)
        everywhere = write_certificate is not None
        budget = branch and Budget(branch, _watcher(branch, progress), everywhere, kept)
        cores = (os.cpu_count() or 1) if hasattr(os, "fork") else 1
        wanted = statement.property
        try:
            found = audit_network(prepared, wanted, Method(method), progress, budget or None, cores)
        except NotBoundedError as error:
            raise InputError(str(property_), error.place, error.message) from None
        clock.lap("bounds, search and obligations")
        report = (
            None
            if claims is None
            else judge_bounds(claims, tuple(region.propagation for region in found.regions))
        )
    if report is not None:
        clock.lap("bounds file")
    if write_certificate is not None and branch is not None:
        _write_trees(write_certificate, found, model, property_)
    elif write_certificate is not None:
        _write_certificate(write_certificate, model, Method(method), found)
    if ledger is not None:
        traces = tuple(region.propagation.replay.trace() for region in found.regions)
        balls = any(region.balls for trace in traces for region in trace.regions)
        derivation = {NONE: BALLS} if balls else {KEY: derivation_object(prepared.graph, traces)}
        header = _header(model, property_, method) | _prefix(preprocessing)
        write_ledger(ledger, header | derivation, found.records)
    if write_result is not None:
        _write_results(write_result, found)
    if kept is not None and branch is not None and found.verdict is not Verdict.UNDECIDED:
        kept.remove()
    examples, bounded = example_reports(statement, found), enclosures(statement, found)
    if as_json:
        print_json(_object(statement, found, report, examples, bounded))
    else:
        title = f"{model.name} over {property_.name}: {method} bounds"
        said = _said(statement, examples, bounded)
        print_report(report_console(), title, found, report, clock.costs(), said)
    return _status(found, report)


def _object(
    statement: Statement,
    found: NetworkAudit,
    report: BoundsReport | None,
    examples: tuple[ExampleReport, ...],
    bounded: tuple[Enclosed, ...],
) -> dict[str, object]:
    """The JSON object; all cases of an example have one region, whose outputs stand there once."""
    apart = frozenset(case for point in statement.points for case in point.cases[1:])
    shown = audit_object(found, report, apart)
    if statement.rests_on:
        shown["rests_on"] = list(statement.rests_on)
    if examples:
        shown["robustness"] = robustness_object(examples)
    if bounded:
        shown["residuals"] = residual_objects(bounded)
    return shown


def _said(
    statement: Statement, examples: tuple[ExampleReport, ...], bounded: tuple[Enclosed, ...]
) -> Said:
    parts = (*(robustness_parts(examples) if examples else ()), *residual_parts(bounded))
    return Said(statement.cases, statement.rests_on, parts)


def _check_branching(branch: float | None, resume: Path | None) -> None:
    """Nothing if the options of branching fit; `InputError` if not."""
    if branch is not None and isnan(branch):
        raise InputError("", "--branch", "nan is no number of seconds")
    if resume is not None and branch is None:
        raise InputError("", "--resume", "there is nothing to resume without --branch")


def _check_preprocessing(preprocessing: Path | None, *others: Path | None) -> None:
    """Nothing unless files that know no preprocessing are asked for with it; `InputError` then."""
    if preprocessing is not None and any(other is not None for other in others):
        message = "bounds files, certificates and unfinished work speak of the model alone"
        raise InputError("", "--preprocessing", message)


def _check_balls(statement: Statement, *others: Path | None) -> None:
    """Nothing unless files that speak of boxes are asked for where inputs lie in a ball besides."""
    balls = any(case.ball is not None for case in statement.property.cases)
    if balls and any(other is not None for other in others):
        message = "L1 and L2 balls are no boxes: bounds files and node-wise certificates know none"
        raise InputError("", "norm", message)


def _check_made(bounds: Path | None, node_wise: Path | None) -> None:
    """Refuse files about the model where a property speaks of a graph made from it."""
    for option, path in (("--bounds", bounds), ("--write-certificate", node_wise)):
        if path is not None:
            message = "such a file is of the model, the property of a graph made from it"
            raise InputError("", option, f"{message}; --branch writes trees")


def _prefix(preprocessing: Path | None) -> dict[str, object]:
    """What a ledger says of the preprocessing."""
    if preprocessing is None:
        return {}
    return {"preprocessing_sha256": sha256(preprocessing.read_bytes()).hexdigest()}


def _write_results(path: Path, found: NetworkAudit) -> None:
    """Write the exact result, and the tolerant one beside it."""
    write_whole(path, exact_result(found))
    write_whole(path.with_name(path.name + ".tolerant"), tolerant_result(found))


def _unfinished(
    resume: Path | None, ledger: Path | None, model: Path, property_: Path
) -> Unfinished | None:
    """Where unfinished branching is kept: where it was asked for, else beside the ledger."""
    if resume is None and ledger is not None:
        resume = ledger.with_name(ledger.name + ".unfinished")
    if resume is None:
        return None
    model_hash, property_hash = (sha256(one.read_bytes()) for one in (model, property_))
    return Unfinished.of(resume, (model_hash.hexdigest(), property_hash.hexdigest()))


def _watcher(seconds: float, progress: Progress) -> Watch:
    """Branch and bound shown as time gone of the time there is, with what it has reached."""

    def watch(leaves: int, boxes: int, left: float) -> None:
        done = min(int(seconds - left), int(seconds))
        progress(f"{leaves} leaves, {boxes} boxes open", done, int(seconds))

    return watch


def _refuse_later(network: str) -> None:
    """Refuse, by name, what a later version will do."""
    if network == "binary32":
        raise InputError("", "--network binary32", _LATER)


def _read_model(model: Path, preprocessing: Path | None) -> Graph:
    graph = load_model(model)
    if preprocessing is None:
        return graph
    return preprocessed(graph, preprocessing, sha256(model.read_bytes()).hexdigest())


def _read(graph: Graph, model: Path, property_: Path) -> tuple[Prepared, Statement]:
    statement = load_statement(property_, graph, sha256(model.read_bytes()).hexdigest())
    prepared = prepare(joined(statement.graph))
    try:
        check_covered(prepared)
    except NoRuleError as error:
        raise InputError(str(model), f"tensor {error.node!r}", error.message) from error
    check_fits(prepared, statement.property, str(property_))
    return prepared, statement


def _read_claims(bounds: Path, prepared: Prepared, model: Path) -> BoundsFile:
    return read_bounds(bounds, prepared, sha256(model.read_bytes()).hexdigest())


def _tree_region(proof: SplitProof | SignProof | BoxProof) -> TreeRegion | SignRegion:
    match proof:
        case SplitProof():
            return TreeRegion(proof.root, proof.unit, proof.nodes)
        case SignProof():
            return SignRegion(proof.trees)
        case BoxProof():
            return TreeRegion(proof.root, 0, proof.nodes)
        case _:
            assert_never(proof)


def _write_trees(path: Path, found: NetworkAudit, model: Path, property_: Path) -> None:
    """Write the trees if every region has one; nothing, said on standard error, if not."""
    proofs = [region.proof for region in found.regions if region.proof is not None]
    if len(proofs) < len(found.regions):
        click.echo(f"refsem: {path}: not written: no split tree of every region", err=True)
        return
    trees = [_tree_region(proof) for proof in proofs]
    header = _header(model, property_, "")
    producer, hashes = str(header["producer"]), (header["model_sha256"], header["property_sha256"])
    written = tree_object(trees, producer, *(str(one) for one in hashes))
    write_whole(path, json.dumps(written) + "\n")


_NODE_KINDS = {
    Method.IBP: NodeKind.IBP,
    Method.FORWARD: NodeKind.ALPHA,
    Method.CROWN: NodeKind.ALPHA,
    Method.ALPHA: NodeKind.ALPHA_BETA,
}


def _write_certificate(path: Path, model: Path, method: Method, found: NetworkAudit) -> None:
    """Write our bounds over the property's one box, in the method's node-wise format."""
    if len(found.regions) != 1:
        message = f"the property has {len(found.regions)} boxes, a node-wise certificate has one"
        raise InputError("", "--write-certificate", message)
    ((box,),) = (region.claims.region.boxes.values() for region in found.regions)
    kind = _NODE_KINDS[method]
    graph = load_node_graph(model)
    text = certificate_text(graph, box, kind)
    write_whole(path, text + "\n")


def _header(model: Path, property_: Path, method: str) -> dict[str, object]:
    return {
        "producer": f"refsem {__version__}",
        "model": model.name,
        "model_sha256": sha256(model.read_bytes()).hexdigest(),
        "property": property_.name,
        "property_sha256": sha256(property_.read_bytes()).hexdigest(),
        "method": method,
        "network": "real",
    }


def _status(found: NetworkAudit, report: BoundsReport | None) -> int:
    """The worse of the verdicts; a surprising rule obligation is refuted business too."""
    statuses = [STATUS[found.verdict.value]]
    if report is not None:
        statuses.append(STATUS[report.verdict])
    if any(record.surprising for record in found.judged()):
        statuses.append(STATUS[Verdict.VIOLATED.value])
    return max(statuses, key=_BADNESS.index)
