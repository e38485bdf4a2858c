"""Replay: the trusted reading of a Trace. It establishes each application exactly, or refuses.

For every application, in order: the rule is one of the catalogue, the suppliers are earlier and
their regions contain this one, the suppliers establish what the rule's sides ask of the given
values, the sides that can be checked hold exactly for the chosen values, and the derived values
are computed from the rule's own terms. The only matrix code is the dot-product lift
(`refsem.ir.affine`). Where the values came from does not matter: nothing is taken on trust.

What is trusted: this file, `refsem.ir.affine` with its steps, `refsem.exact.tensor`, the reading
of terms, `refsem.rules.smooth` where functions are involved, and the rules (whose proofs are
`refsem.obligations`' business).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from gmpy2 import mpq

from refsem.exact import ExactTensor
from refsem.ir.affine import attribute_values, spread_steps
from refsem.ir.evaluation import Prepared
from refsem.ir.operators import Op
from refsem.ir.readings import evaluate_tensor, holds_tensor
from refsem.rules.catalogue import BY_NAME
from refsem.rules.rule import Rule
from refsem.rules.smooth import NotApplicable, applied_entrywise
from refsem.rules.trace import (
    Application,
    Box,
    Combination,
    Form,
    Judgement,
    Line,
    Region,
    Side,
    Trace,
)

_ZERO = mpq(0)


class ReplayError(ValueError):
    """An application that does not follow; `index` counts applications from 0."""

    def __init__(self, index: int, application: Application, message: str) -> None:
        super().__init__(
            f"application {index} ({application.rule} at {application.node!r}): {message}"
        )
        self.index = index
        self.application = application
        self.message = message


class _RefusedError(ValueError):
    """A reason to refuse, before it is known which application it belongs to."""


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
        except _RefusedError as refusal:
            raise ReplayError(index, application, str(refusal)) from None
        self.applications.append(application)
        self.judgements.append(judgement)
        return index

    def trace(self) -> Trace:
        """Everything established so far."""
        return Trace(self.regions, self.targets, tuple(self.applications))

    def box(self, index: int) -> Box:
        """The box established by an application; `TypeError` if it established something else."""
        judgement = self.judgements[index]
        if not isinstance(judgement, Box):
            raise TypeError(f"application {index} established no box")
        return judgement

    def _follow(self, application: Application) -> Judgement:
        rule, lift = BY_NAME.get(application.rule), _LIFTS.get(application.rule)
        if rule is None or lift is None:
            raise _RefusedError("no such rule for tensors")
        if not 0 <= application.region < len(self.regions):
            raise _RefusedError(f"no region {application.region}")
        wanted = {str(variable.head) for variable in rule.chosen}
        if wanted != set(application.chosen):
            raise _RefusedError(f"chooses {sorted(application.chosen)}, must {sorted(wanted)}")
        suppliers = {
            role: self._supplier(role, index, application)
            for role, index in application.suppliers.items()
        }
        region = self.regions[application.region]
        return lift(_Context(self.prepared, region, self.targets, rule, application, suppliers))

    def _supplier(self, role: str, index: int, application: Application) -> Judgement:
        if not 0 <= index < len(self.judgements):
            raise _RefusedError(f"supplier {role!r} refers to application {index}, not earlier")
        supplied, wanted = self.applications[index].region, application.region
        if supplied != wanted and not self.regions[supplied].contains(self.regions[wanted]):
            raise _RefusedError(f"supplier {role!r} speaks of a region that does not contain this")
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


def _check_target(prepared: Prepared, name: str, combination: Combination) -> None:
    """Refuse a target that redefines a tensor or whose combinations do not fit the tensors."""
    rows = {value.shape[:1] for value in combination.values()}
    fitting = all(
        tensor in prepared.nodes and value.shape[1:] == (prepared.nodes[tensor].size,)
        for tensor, value in combination.items()
    )
    if name in prepared.nodes or len(rows) != 1 or not fitting:
        raise ValueError(f"target {name!r} does not define linear combinations of the tensors")


@dataclass(frozen=True, slots=True)
class _Context:
    """What a lift may look at."""

    prepared: Prepared
    region: Region
    targets: Mapping[str, Combination]
    rule: Rule
    application: Application
    suppliers: Mapping[str, Judgement]

    @property
    def node(self) -> str:
        return self.application.node

    def operand(self) -> str:
        """The one variable operand of the node, which must be of the rule's operator."""
        node = self.prepared.nodes.get(self.node)
        if node is None or node.op is not self.rule.operator:
            raise _RefusedError(f"{self.node!r} is not a {self.rule.operator}")
        operands = self.prepared.operands(self.node)
        if len(operands) != 1:
            raise _RefusedError(f"{self.node!r} does not have one variable operand")
        return operands[0]

    def box(self, role: str, target: str) -> Box:
        """The supplier in this role, which must be a box of this target."""
        found = self.suppliers.get(role)
        if not isinstance(found, Box) or found.target != target:
            raise _RefusedError(f"supplier {role!r} is not a box of {target!r}")
        return found

    def line(self, role: str, side: Side) -> Line:
        """The supplier in this role, which must be a line of this node on this side."""
        found = self.suppliers.get(role)
        if not isinstance(found, Line) or found.node != self.node or found.side is not side:
            raise _RefusedError(f"supplier {role!r} is not a line {side.value} {self.node!r}")
        return found

    def form(self, role: str, *sides: Side) -> Form:
        """The supplier in this role, which must be a form bounding from one of these sides."""
        found = self.suppliers.get(role)
        if not isinstance(found, Form) or found.side not in sides:
            raise _RefusedError(f"supplier {role!r} is not a form of {[s.value for s in sides]}")
        return found

    def derive(self, given: Mapping[str, ExactTensor], rows: int = 1) -> dict[str, ExactTensor]:
        """The values of all variables: given, chosen (sides checked) and derived.

        What is chosen has an entry for each of the node's, in as many rows as are asked for.
        """
        for name, chosen in self.application.chosen.items():
            if chosen.shape != (rows, self.prepared.nodes[self.node].size):
                raise _RefusedError(f"chosen {name!r} has shape {list(chosen.shape)}")
        values = {**given, **self.application.chosen}
        for value in self.rule.derived:
            values[value.name] = evaluate_tensor(value.term, values)
        for side in self.rule.checkable_sides():
            if not holds_tensor(side.relation, values):
                raise _RefusedError(f"side {side.name!r} does not hold")
        return values


# lifts: how a rule about numbers becomes one about tensors, entry by entry or by induction


def _input_interval(context: _Context) -> Judgement:
    """A tensor lies in the region's box: the region is what is assumed."""
    if context.node not in context.region.boxes:
        raise _RefusedError(f"the region does not bound {context.node!r}")
    lower, upper = context.region.boxes[context.node]
    values = context.derive({"l": lower, "u": upper})
    return Box(context.node, values["lo"], values["hi"])


def _dot_product_interval(context: _Context) -> Judgement:
    affine = context.prepared.affine.get(context.node)
    if affine is None:
        raise _RefusedError(f"{context.node!r} is not affine")
    boxes = {piece.operand: context.box(piece.operand, piece.operand) for piece in affine.pieces}
    lower, upper = affine.interval({name: (box.lower, box.upper) for name, box in boxes.items()})
    return Box(context.node, lower, upper)


def _relu_interval(context: _Context) -> Judgement:
    box = context.box("operand", context.operand())
    values = context.derive({"l": box.lower, "u": box.upper})
    return Box(context.node, values["lo"], values["hi"])


def _intersect(context: _Context) -> Judgement:
    first, second = context.box("first", context.node), context.box("second", context.node)
    values = context.derive(
        {"l1": first.lower, "u1": first.upper, "l2": second.lower, "u2": second.upper}
    )
    return Box(context.node, values["lo"], values["hi"])


def _relu_upper(context: _Context) -> Judgement:
    operand = context.operand()
    box = context.box("operand", operand)
    values = context.derive({"l": box.lower, "u": box.upper})
    return Line(context.node, operand, Side.UPPER, values["s"], values["b"])


def _relu_lower(context: _Context) -> Judgement:
    operand, values = context.operand(), context.derive({})
    intercept = values["b"].broadcast_to(values["s"].shape)
    return Line(context.node, operand, Side.LOWER, values["s"], intercept)


def _smooth(context: _Context) -> tuple[str, dict[str, ExactTensor]]:
    """The operand of an elementwise node, and the values of its rule in every entry of its box."""
    operand = context.operand()
    box = context.box("operand", operand)
    for name, chosen in context.application.chosen.items():
        if chosen.shape != box.lower.shape:
            raise _RefusedError(f"chosen {name!r} has shape {list(chosen.shape)}")
    found = applied_entrywise(context.rule, box.lower, box.upper, context.application.chosen)
    if isinstance(found, NotApplicable):
        raise _RefusedError(f"entry {found.entry}: {found.reason}")
    return operand, found


def _smooth_interval(context: _Context) -> Judgement:
    _, values = _smooth(context)
    return Box(context.node, values["lo"], values["hi"])


def _smooth_line(side: Side) -> Callable[[_Context], Judgement]:
    def lift(context: _Context) -> Judgement:
        operand, values = _smooth(context)
        return Line(context.node, operand, side, values["k"], values["b"])

    return lift


SLOPED = frozenset({Op.LEAKY_RELU, Op.PRELU})
"""Operators of one meaning, whose slope left of 0 is an attribute of one, an operand of the other.

A rule about either serves both.
"""


def slope_left_of_zero(prepared: Prepared, name: str) -> ExactTensor:
    """The slope of a leaky ReLU or PReLU node, shape (1, size); `KeyError` if it varies."""
    node = prepared.nodes[name]
    if node.op is Op.LEAKY_RELU:
        return attribute_values(node)["alpha"].broadcast_to((1, node.size))
    value = prepared.constants[node.operands[1]]
    for step in spread_steps(prepared.shapes[node.operands[1]], node.shape):
        value = step.forward(value)
    return value


def _algebraic(context: _Context) -> tuple[str, dict[str, ExactTensor]]:
    """The operand of an elementwise node, and the values of its rule; attributes are givens."""
    node, rule = context.prepared.nodes.get(context.node), context.rule
    if node is None or node.op not in (SLOPED if rule.operator in SLOPED else {rule.operator}):
        raise _RefusedError(f"{context.node!r} is not a {rule.operator}")
    if any(name in context.prepared.nodes for name in node.operands[1:]):
        raise _RefusedError(f"{context.node!r} has more than one variable operand")
    operand = node.operands[0]
    if context.prepared.shapes[operand] != node.shape:
        raise _RefusedError(f"{context.node!r} has not the shape of its operand")
    box = context.box("operand", operand)
    known = {"l": box.lower, "u": box.upper, **attribute_values(node)}
    if node.op in SLOPED:
        known["alpha"] = known["y"] = slope_left_of_zero(context.prepared, node.name)
    return operand, context.derive({str(v.head): known[str(v.head)] for v in rule.given})


def _algebraic_interval(context: _Context) -> Judgement:
    _, values = _algebraic(context)
    return Box(context.node, values["lo"], values["hi"])


def _algebraic_line(side: Side) -> Callable[[_Context], Judgement]:
    def lift(context: _Context) -> Judgement:
        operand, values = _algebraic(context)
        slope = values["k"] if "k" in values else values["s"]
        intercept = values["b"].broadcast_to(slope.shape)
        return Line(context.node, operand, side, slope, intercept)

    return lift


def _start_form(context: _Context) -> Judgement:
    """A tensor is a form of itself; a declared target is the form that defines it."""
    if context.node in context.targets:
        combination = context.targets[context.node]
    elif context.node in context.prepared.nodes:
        size = context.prepared.nodes[context.node].size
        combination = {context.node: ExactTensor.identity(size)}
    else:
        raise _RefusedError(f"{context.node!r} is neither a tensor nor a declared target")
    rows = next(iter(combination.values())).shape[0]
    return Form(context.node, Side.EQUAL, combination, ExactTensor.full((rows, 1), _ZERO))


def _replace(
    form: Form, node: str, side: Side, coefficients: Combination, constants: ExactTensor
) -> Form:
    """The form with a node's coefficients replaced by others, and constants summed row by row."""
    kept = {name: value for name, value in form.coefficients.items() if name != node}
    for name, value in coefficients.items():
        kept[name] = kept[name] + value if name in kept else value
    total = constants.sum((1,)).reshape(constants.shape[0], 1)
    return Form(form.target, side, kept, form.constant + total)


def _substitute_affine(context: _Context) -> Judgement:
    form = context.form("form", *Side)
    affine = context.prepared.affine.get(context.node)
    if affine is None or context.node not in form.coefficients:
        raise _RefusedError(f"{context.node!r} is not an affine node of the form")
    coefficient = form.coefficients[context.node]
    pulled: dict[str, ExactTensor] = {}
    for piece in affine.pieces:
        part = piece.adjoint(coefficient)
        pulled[piece.operand] = pulled[piece.operand] + part if piece.operand in pulled else part
    size = coefficient.shape[1]
    constants = coefficient.matmul(affine.constant.broadcast_to((1, size)).reshape(size, 1))
    return _replace(form, context.node, form.side, pulled, constants)


def _substitute(side: Side) -> Callable[[_Context], Judgement]:
    def lift(context: _Context) -> Judgement:
        form = context.form("form", side, Side.EQUAL)
        upper, lower = context.line("upper", Side.UPPER), context.line("lower", Side.LOWER)
        if context.node not in form.coefficients:
            raise _RefusedError(f"{context.node!r} is not in the form")
        values = context.derive(
            {
                "c": form.coefficients[context.node],
                "su": upper.slope,
                "bu": upper.intercept,
                "sl": lower.slope,
                "bl": lower.intercept,
            }
        )
        return _replace(form, context.node, side, {upper.operand: values["k"]}, values["q"])

    return lift


def _one_sided(side: Side) -> Callable[[_Context], Judgement]:
    """A node's coefficients are rounded, measured from the lower end of its box."""

    def lift(context: _Context) -> Judgement:
        form = context.form("form", side, Side.EQUAL)
        box = context.box("operand", context.node)
        if context.node not in form.coefficients:
            raise _RefusedError(f"{context.node!r} is not in the form")
        coefficients = form.coefficients[context.node]
        values = context.derive({"c": coefficients, "m": box.lower}, coefficients.shape[0])
        return _replace(form, context.node, side, {context.node: values["k"]}, values["q"])

    return lift


def _concretise(context: _Context) -> Judgement:
    below = context.form("below", Side.LOWER, Side.EQUAL)
    above = context.form("above", Side.UPPER, Side.EQUAL)
    if below.target != context.node or above.target != context.node:
        raise _RefusedError(f"the forms are not about {context.node!r}")
    lower, upper = below.constant, above.constant
    for name in dict.fromkeys((*below.coefficients, *above.coefficients)):
        box = context.box(name, name)
        nothing = ExactTensor.full((1, 1), _ZERO)
        cl = below.coefficients.get(name, nothing)
        cu = above.coefficients.get(name, nothing)
        values = context.derive(
            {"cl": cl, "bl": nothing, "cu": cu, "bu": nothing, "l": box.lower, "u": box.upper}
        )
        lower = lower + values["lo"].sum((1,)).reshape(-1, 1)
        upper = upper + values["hi"].sum((1,)).reshape(-1, 1)
    return Box(context.node, lower.reshape(1, -1), upper.reshape(1, -1))


SMOOTH_INTERVALS = (
    *("exp_interval", "log_interval", "softplus_interval", "sqrt_interval"),
    *("reciprocal_interval_positive", "reciprocal_interval_negative"),
    *("tanh_interval", "sigmoid_interval", "sin_interval", "cos_interval"),
)
SMOOTH_UPPER = (
    *("exp_upper", "log_upper", "softplus_upper", "sqrt_upper"),
    *("reciprocal_upper_positive", "reciprocal_upper_negative"),
    *("tanh_upper", "sigmoid_upper", "sin_upper", "cos_upper"),
)
SMOOTH_LOWER = (
    *("exp_lower", "log_lower", "softplus_lower", "sqrt_lower"),
    *("reciprocal_lower_positive", "reciprocal_lower_negative"),
    *("tanh_lower", "sigmoid_lower", "sin_lower", "cos_lower"),
)
"""Rules that are applied entry by entry, by what they claim: lo and hi, or a line k·x + b."""

_ALGEBRAIC = (
    *("leaky_relu", "prelu", "abs", "clip", "hard_sigmoid", "hard_swish"),
    *("square", "cube", "power4", "power5", "power6", "power7", "power8"),
)
"""Families of algebraic rules about one operand, each with an interval and two lines."""

_LIFTS: Mapping[str, Callable[[_Context], Judgement]] = {
    "input_interval": _input_interval,
    "dot_product_interval": _dot_product_interval,
    "relu_interval": _relu_interval,
    "intersect": _intersect,
    "relu_upper": _relu_upper,
    "relu_lower": _relu_lower,
    "start_form": _start_form,
    "substitute_affine": _substitute_affine,
    "substitute_upper": _substitute(Side.UPPER),
    "substitute_lower": _substitute(Side.LOWER),
    "floor_lower": _one_sided(Side.LOWER),
    "ceiling_upper": _one_sided(Side.UPPER),
    "concretise": _concretise,
    **dict.fromkeys(SMOOTH_INTERVALS, _smooth_interval),
    **dict.fromkeys(SMOOTH_UPPER, _smooth_line(Side.UPPER)),
    **dict.fromkeys(SMOOTH_LOWER, _smooth_line(Side.LOWER)),
    **{f"{family}_interval": _algebraic_interval for family in _ALGEBRAIC},
    **{f"{family}_upper": _algebraic_line(Side.UPPER) for family in _ALGEBRAIC},
    **{f"{family}_lower": _algebraic_line(Side.LOWER) for family in _ALGEBRAIC},
}
