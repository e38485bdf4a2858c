"""Replay: the trusted reading of a Trace. It establishes each application exactly, or refuses.

For every application, in order: the rule is one of the catalogue, the suppliers are earlier and
their regions contain this one, the suppliers establish what the rule's sides ask of the given
values, the sides that can be checked hold exactly for the chosen values, and the derived values
are computed from the rule's own terms. The only matrix code is the dot-product lift
(`refsem.ir.affine`). Where the values came from does not matter: nothing is taken on trust.

What is trusted: this file and the lifts (`refsem.rules.lifts`), `refsem.ir.affine` with its
steps, `refsem.exact.tensor`, the reading of terms, `refsem.rules.smooth` where functions are
involved, and the rules (whose proofs are `refsem.obligations`' business).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import prod

from refsem.ir.evaluation import Prepared
from refsem.rules.catalogue import BY_NAME
from refsem.rules.lifts.context import Context, RefusedError
from refsem.rules.lifts.table import LIFTS
from refsem.rules.trace import (
    Application,
    Box,
    Combination,
    Forgotten,
    Judgement,
    Region,
    Trace,
)


class ReplayError(ValueError):
    """An application that does not follow; `index` counts applications from 0."""

    def __init__(self, index: int, application: Application, message: str) -> None:
        super().__init__(
            f"application {index} ({application.rule} at {application.node!r}): {message}"
        )
        self.index = index
        self.application = application
        self.message = message


@dataclass(slots=True)
class Replay:
    """A replay in progress: applications are established one at a time, in order.

    `ValueError` where a region or a target does not fit the tensors.
    """

    prepared: Prepared
    regions: tuple[Region, ...]
    targets: Mapping[str, Combination]
    applications: list[Application] = field(default_factory=list)
    judgements: list[Judgement] = field(default_factory=list)

    def __post_init__(self) -> None:
        for region in self.regions:
            _check_region(self.prepared, region)
        for name, combination in self.targets.items():
            _check_target(self.prepared, name, combination)

    def establish(self, application: Application) -> int:
        """The index of the application, now established; `ReplayError` if it does not follow."""
        index = len(self.applications)
        try:
            judgement = self._follow(application)
        except RefusedError as refusal:
            raise ReplayError(index, application, str(refusal)) from None
        self.applications.append(application)
        self.judgements.append(judgement)
        return index

    def forget(self, indices: Iterable[int]) -> None:
        """Give up what these applications establish; whoever needs it later is refused."""
        for index in indices:
            self.judgements[index] = Forgotten()

    def trace(self) -> Trace:
        """Everything established so far, also what is forgotten."""
        return Trace(self.regions, self.targets, tuple(self.applications))

    def box(self, index: int) -> Box:
        """The box established by an application; `TypeError` if it established something else."""
        judgement = self.judgements[index]
        if not isinstance(judgement, Box):
            raise TypeError(f"application {index} established no box")
        return judgement

    def _follow(self, application: Application) -> Judgement:
        rule, lift = BY_NAME.get(application.rule), LIFTS.get(application.rule)
        if rule is None or lift is None:
            raise RefusedError("no such rule for tensors")
        if not 0 <= application.region < len(self.regions):
            raise RefusedError(f"no region {application.region}")
        wanted = {str(variable.head) for variable in rule.chosen}
        if wanted != set(application.chosen):
            raise RefusedError(f"chooses {sorted(application.chosen)}, must {sorted(wanted)}")
        suppliers = {
            role: self._supplier(role, index, application)
            for role, index in application.suppliers.items()
        }
        region = self.regions[application.region]
        return lift(Context(self.prepared, region, self.targets, rule, application, suppliers))

    def _supplier(self, role: str, index: int, application: Application) -> Judgement:
        if not 0 <= index < len(self.judgements):
            raise RefusedError(f"supplier {role!r} refers to application {index}, not earlier")
        supplied, wanted = self.applications[index].region, application.region
        if supplied != wanted and not self.regions[supplied].contains(self.regions[wanted]):
            raise RefusedError(f"supplier {role!r} speaks of a region that does not contain this")
        return self.judgements[index]


def replay(prepared: Prepared, trace: Trace) -> list[Judgement]:
    """What each application of a Trace establishes; `ReplayError` at the first that fails.

    `ValueError` where a region or a target does not fit the tensors.
    """
    state = Replay(prepared, trace.regions, trace.targets)
    for application in trace.applications:
        state.establish(application)
    return state.judgements


def _check_region(prepared: Prepared, region: Region) -> None:
    """Refuse a region whose boxes do not fit the tensors: containment would mean nothing."""
    for name, (lower, upper) in region.boxes.items():
        node = prepared.nodes.get(name)
        if node is None or not lower.shape == upper.shape == (1, node.size):
            raise ValueError(f"the region's box of {name!r} does not fit a variable tensor")
    for name, signs in region.signs.items():
        node = prepared.nodes.get(name)
        if node is None or signs.shape != (1, node.size):
            raise ValueError(f"the region's signs of {name!r} do not fit a variable tensor")
    for name, ball in region.balls.items():
        node = prepared.nodes.get(name)
        if node is None or len(ball.centre) != node.size or ball.radius < 0:
            raise ValueError(f"the region's ball of {name!r} does not fit a variable tensor")


def _check_target(prepared: Prepared, name: str, combination: Combination) -> None:
    """Refuse a target that redefines a tensor or whose combinations do not fit the tensors."""
    rows = {value.shape[:1] for value in combination.values()}
    fitting = all(
        tensor in prepared.shapes and value.shape[1:] == (prod(prepared.shapes[tensor]),)
        for tensor, value in combination.items()
    )
    if name in prepared.shapes or len(rows) != 1 or not fitting:
        raise ValueError(f"target {name!r} does not define linear combinations of the tensors")
