"""A second replay: rules applied to one number at a time, their results summed in loops.

It refuses nothing (refusals are tested elsewhere) and computes what each application means from
the rule's own derived terms, at numbers. Affine nodes are known only by their values at unit
vectors. None of refsem's tensor arithmetic, affine maps or tensor readings is used.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import small_networks
from gmpy2 import mpq
from small_networks import Floats

from refsem.exact import ExactTensor
from refsem.ir.evaluation import Prepared
from refsem.ir.readings import evaluate
from refsem.rules import BY_NAME
from refsem.rules.trace import Application, Box, Form, Judgement, Line, Plane, Trace

Row = list[mpq]
Rows = list[Row]


@dataclass(frozen=True, slots=True)
class NaiveBox:
    lower: Row
    upper: Row


@dataclass(frozen=True, slots=True)
class NaiveLine:
    """A line for each entry of each row it is meant for; one row serves every row."""

    operand: str
    slope: Rows
    intercept: Rows


@dataclass(frozen=True, slots=True)
class NaivePlane:
    operands: tuple[str, str]
    slopes: tuple[Row, Row]
    intercept: Row


@dataclass(frozen=True, slots=True)
class NaiveForm:
    coefficients: dict[str, Rows]
    constant: Row


Naive = NaiveBox | NaiveLine | NaivePlane | NaiveForm


def derive(rule: str, **values: mpq) -> dict[str, mpq]:
    """The derived values of a rule at numbers, exactly."""
    for derived in BY_NAME[rule].derived:
        values[derived.name] = evaluate(derived.term, values)
    return values


def rows(tensor: ExactTensor) -> Rows:
    """A matrix as lists of rationals."""
    flat, width = tensor.rationals(), tensor.shape[1]
    return [flat[start : start + width] for start in range(0, len(flat), width)]


def reading(judgement: Judgement) -> Naive:
    """What the replay established, as lists of rationals."""
    match judgement:
        case Box(lower=lower, upper=upper):
            return NaiveBox(lower.rationals(), upper.rationals())
        case Line(operand=operand, slope=slope, intercept=intercept):
            return NaiveLine(operand, rows(slope), rows(intercept))
        case Plane(operands=operands, slopes=(first, second), intercept=intercept):
            slopes = first.rationals(), second.rationals()
            return NaivePlane(operands, slopes, intercept.rationals())
        case Form(coefficients=coefficients, constant=constant):
            return NaiveForm({n: rows(c) for n, c in coefficients.items()}, constant.rationals())


def affine(prepared: Prepared, name: str) -> tuple[dict[str, Rows], Row]:
    """The weights of a node on each operand (a row an output) and its constant."""
    node = prepared.nodes[name]
    shapes = {one.name: one.shape for one in prepared.graph.nodes}
    constants = {one.name: one for one in prepared.graph.nodes if one.name not in prepared.nodes}
    found = {key: small_networks.apply(prepared, one, {}) for key, one in constants.items()}
    operands = [operand for operand in dict.fromkeys(node.operands) if operand in prepared.nodes]

    def image(at: Mapping[str, Floats]) -> Floats:
        origin = {operand: np.zeros(shapes[operand]) for operand in operands}
        return small_networks.apply(prepared, node, {**found, **origin, **at}).ravel()

    constant = image({})
    weights = {}
    for operand in operands:
        size = prepared.nodes[operand].size
        units = np.eye(size).reshape(size, *shapes[operand])
        columns = [image({operand: unit}) - constant for unit in units]
        weights[operand] = [[mpq(float(w)) for w in line] for line in np.array(columns).T]
    return weights, [mpq(float(value)) for value in constant]


def naive_replay(prepared: Prepared, trace: Trace) -> list[Naive]:
    """What each application of a trace means."""
    known: list[Naive] = []
    for application in trace.applications:
        known.append(_Step(prepared, trace, known, application).result())
    return known


@dataclass(frozen=True, slots=True)
class _Step:
    prepared: Prepared
    trace: Trace
    known: list[Naive]
    application: Application

    def result(self) -> Naive:
        readings: dict[str, Callable[[], Naive]] = {
            "input_interval": self.elementwise_box,
            "relu_interval": self.elementwise_box,
            "intersect": self.elementwise_box,
            "constant_interval": self.elementwise_box,
            **{f"{pair}_interval": self.elementwise_box for pair in ("max", "min", "product")},
            **{f"{pair}_upper": self.plane for pair in ("max", "min", "product")},
            **{f"{pair}_lower": self.plane for pair in ("max", "min", "product")},
            "substitute_plane_upper": self.plane_substituted,
            "substitute_plane_lower": self.plane_substituted,
            "dot_product_interval": self.dot_product,
            "relu_upper": self.line,
            "relu_lower": self.line,
            "start_form": self.start,
            "substitute_affine": self.pulled_back,
            "substitute_upper": self.substituted,
            "substitute_lower": self.substituted,
            "compose_upper": self.composed,
            "compose_lower": self.composed,
            "concretise": self.concretised,
        }
        return readings[self.application.rule]()

    def box(self, role: str) -> NaiveBox:
        found = self.known[self.application.suppliers[role]]
        assert isinstance(found, NaiveBox)
        return found

    def form(self, role: str) -> NaiveForm:
        found = self.known[self.application.suppliers[role]]
        assert isinstance(found, NaiveForm)
        return found

    def given_boxes(self) -> list[tuple[str, str, NaiveBox]]:
        """The names of the ends and the box for each box the rule is given."""
        match self.application.rule:
            case "input_interval":
                lower, upper = self.trace.regions[self.application.region].boxes["x"]
                return [("l", "u", NaiveBox(lower.rationals(), upper.rationals()))]
            case "intersect":
                return [("l1", "u1", self.box("first")), ("l2", "u2", self.box("second"))]
            case "relu_lower" | "max_lower" | "min_upper":
                return []
            case "constant_interval":
                bits = self.prepared.graph.constants[self.application.node]
                exact = [mpq(float(value)) for value in bits.view(np.float32).ravel()]
                return [("c", "c", NaiveBox(exact, exact))]
            case rule if rule.startswith(("max", "min", "product")):
                return [("lx", "ux", self.box("x")), ("ly", "uy", self.box("y"))]
        return [("l", "u", self.box("operand"))]

    def entries(self, chosen: Mapping[str, Row]) -> list[dict[str, mpq]]:
        """The rule's values at each entry."""
        size = self.trace_size()
        found = []
        for i in range(size):
            values = {name: numbers[i] for name, numbers in chosen.items()}
            for low, high, box in self.given_boxes():
                values |= {low: box.lower[i], high: box.upper[i]}
            found.append(derive(self.application.rule, **values))
        return found

    def trace_size(self) -> int:
        node = self.prepared.nodes.get(self.application.node)
        if node is not None:
            return node.size
        if self.application.node in self.prepared.graph.constants:
            return self.prepared.graph.constants[self.application.node].size
        return next(iter(self.trace.targets[self.application.node].values())).shape[0]

    def elementwise_box(self) -> NaiveBox:
        entries = self.entries({})
        return NaiveBox([one["lo"] for one in entries], [one["hi"] for one in entries])

    def line(self) -> NaiveLine:
        (operand,) = self.prepared.nodes[self.application.node].operands
        chosen = rows(self.application.chosen["s"])
        found = [self.entries({"s": row}) for row in chosen]
        return NaiveLine(
            operand,
            [[one["s"] for one in entries] for entries in found],
            [[one["b"] for one in entries] for entries in found],
        )

    def plane(self) -> NaivePlane:
        left, right = self.prepared.nodes[self.application.node].operands
        chosen = {name: value.rationals() for name, value in self.application.chosen.items()}
        entries = self.entries(chosen)
        slopes = [one["s"] for one in entries], [one["t"] for one in entries]
        return NaivePlane((left, right), slopes, [one["b"] for one in entries])

    def dot_product(self) -> NaiveBox:
        weights, constant = affine(self.prepared, self.application.node)
        lower, upper = list(constant), list(constant)
        for j in range(len(constant)):
            for operand, matrix in weights.items():
                box = self.box(operand)
                for i, weight in enumerate(matrix[j]):
                    values = derive(
                        "dot_product_interval",
                        ls=lower[j],
                        us=upper[j],
                        l=box.lower[i],
                        u=box.upper[i],
                        c=weight,
                    )
                    lower[j], upper[j] = values["lo"], values["hi"]
        return NaiveBox(lower, upper)

    def start(self) -> NaiveForm:
        name, size = self.application.node, self.trace_size()
        if name in self.trace.targets:
            coefficients = {n: rows(c) for n, c in self.trace.targets[name].items()}
            return NaiveForm(coefficients, [mpq(0)] * size)
        identity = [[mpq(i == j) for j in range(size)] for i in range(size)]
        return NaiveForm({name: identity}, [mpq(0)] * size)

    def pulled_back(self) -> NaiveForm:
        form, node = self.form("form"), self.application.node
        weights, constant = affine(self.prepared, node)
        result = _without(form, node)
        for r, row in enumerate(form.coefficients[node]):
            for j, c in enumerate(row):
                q = derive("substitute_affine", c=c, w=mpq(0), d=constant[j])["q"]
                result.constant[r] += q
                for operand, matrix in weights.items():
                    for i, w in enumerate(matrix[j]):
                        k = derive("substitute_affine", c=c, w=w, d=mpq(0))["k"]
                        _add(result, operand, r, i, k, self.prepared)
        return result

    def substituted(self) -> NaiveForm:
        form, node = self.form("form"), self.application.node
        upper = self.known[self.application.suppliers["upper"]]
        lower = self.known[self.application.suppliers["lower"]]
        assert isinstance(upper, NaiveLine)
        assert isinstance(lower, NaiveLine)
        result = _without(form, node)
        for r, row in enumerate(form.coefficients[node]):
            for i, c in enumerate(row):
                values = derive(
                    self.application.rule,
                    c=c,
                    su=upper.slope[r % len(upper.slope)][i],
                    bu=upper.intercept[r % len(upper.slope)][i],
                    sl=lower.slope[r % len(lower.slope)][i],
                    bl=lower.intercept[r % len(lower.slope)][i],
                )
                result.constant[r] += values["q"]
                _add(result, upper.operand, r, i, values["k"], self.prepared)
        return result

    def plane_substituted(self) -> NaiveForm:
        form, node = self.form("form"), self.application.node
        upper = self.known[self.application.suppliers["upper"]]
        lower = self.known[self.application.suppliers["lower"]]
        assert isinstance(upper, NaivePlane)
        assert isinstance(lower, NaivePlane)
        result = _without(form, node)
        for r, row in enumerate(form.coefficients[node]):
            for i, c in enumerate(row):
                values = derive(
                    self.application.rule,
                    c=c,
                    su=upper.slopes[0][i],
                    tu=upper.slopes[1][i],
                    bu=upper.intercept[i],
                    sl=lower.slopes[0][i],
                    tl=lower.slopes[1][i],
                    bl=lower.intercept[i],
                )
                result.constant[r] += values["q"]
                for operand, name in zip(upper.operands, ("k", "j"), strict=True):
                    _add(result, operand, r, i, values[name], self.prepared)
        return result

    def composed(self) -> NaiveForm:
        """The terms of the node's sum or of its bound, one after another."""
        terms, constant = self.summands()
        found = {name: (self.operand("lower", name), self.operand("upper", name)) for name in terms}
        names = {name for pair in found.values() for form in pair for name in form.coefficients}
        result = NaiveForm({}, list(constant))
        for name in names:
            size = int(np.prod(self.prepared.shapes[name]))
            result.coefficients[name] = [[mpq(0)] * size for _ in constant]
        for operand, matrix in terms.items():
            lower, upper = found[operand]
            for r, row in enumerate(matrix):
                for i, c in enumerate(row):
                    self.add_composed(result, r, c, (lower, upper), i)
        return result

    def add_composed(
        self, result: NaiveForm, r: int, c: mpq, forms: tuple[NaiveForm, NaiveForm], i: int
    ) -> None:
        """c times an entry of an operand, between its two forms, added to a row."""
        rule, (lower, upper), zero = self.application.rule, forms, mpq(0)
        ends = {"bu": upper.constant[i], "bl": lower.constant[i]}
        result.constant[r] += derive(rule, c=c, d=zero, su=zero, sl=zero, **ends)["q"]
        for name, coefficients in result.coefficients.items():
            for j in range(len(coefficients[r])):
                su, sl = (
                    form.coefficients[name][i][j] if name in form.coefficients else zero
                    for form in (upper, lower)
                )
                found = derive(rule, c=c, d=zero, su=su, sl=sl, bu=zero, bl=zero)
                coefficients[r][j] += found["k"]

    def summands(self) -> tuple[dict[str, Rows], Row]:
        """What the node is, or is bounded by: a matrix for each operand, and a constant."""
        node = self.application.node
        if node in self.trace.targets:
            target = self.trace.targets[node]
            return {n: rows(c) for n, c in target.items()}, [mpq(0)] * self.trace_size()
        if node in self.prepared.affine:
            return affine(self.prepared, node)
        beside = {"line", "plane"} & set(self.application.suppliers)
        bound = self.known[self.application.suppliers[beside.pop()]]
        if isinstance(bound, NaiveLine):
            return {bound.operand: _diagonal(bound.slope[0])}, bound.intercept[0]
        assert isinstance(bound, NaivePlane)
        matrices = zip(bound.operands, map(_diagonal, bound.slopes), strict=True)
        return dict(matrices), bound.intercept

    def operand(self, side: str, name: str) -> NaiveForm:
        """The form of an operand that was supplied, or the value of a constant."""
        if name in self.prepared.graph.constants:
            bits = self.prepared.graph.constants[name]
            return NaiveForm({}, [mpq(float(v)) for v in bits.view(np.float32).ravel()])
        return self.form(f"{side}/{name}")

    def concretised(self) -> NaiveBox:
        below, above = self.form("below"), self.form("above")
        lower, upper = list(below.constant), list(above.constant)
        for name in {*below.coefficients, *above.coefficients}:
            box = self.box(name)
            for r in range(len(lower)):
                for i in range(len(box.lower)):
                    values = derive(
                        "concretise",
                        cl=below.coefficients[name][r][i] if name in below.coefficients else mpq(0),
                        bl=mpq(0),
                        cu=above.coefficients[name][r][i] if name in above.coefficients else mpq(0),
                        bu=mpq(0),
                        l=box.lower[i],
                        u=box.upper[i],
                    )
                    lower[r] += values["lo"]
                    upper[r] += values["hi"]
        return NaiveBox(lower, upper)


def _diagonal(slopes: Row) -> Rows:
    return [[c if i == j else mpq(0) for j in range(len(slopes))] for i, c in enumerate(slopes)]


def _without(form: NaiveForm, node: str) -> NaiveForm:
    kept = {n: [list(row) for row in c] for n, c in form.coefficients.items() if n != node}
    return NaiveForm(kept, list(form.constant))


def _add(form: NaiveForm, name: str, r: int, i: int, value: mpq, prepared: Prepared) -> None:
    if name not in form.coefficients:
        size = int(np.prod(prepared.shapes[name]))
        form.coefficients[name] = [[mpq(0)] * size for _ in form.constant]
    form.coefficients[name][r][i] += value
