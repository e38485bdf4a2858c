"""Replay refuses whatever does not follow, names the application, and is not changed by refusing.

The base is one residual network with the applications of a CROWN run; each test spoils one thing.
"""

import functools
import random
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import small_networks
from gmpy2 import mpq
from naive_replay import reading
from small_networks import NETWORKS, row
from small_truth import holds, run, truth

from refsem.exact import ExactTensor
from refsem.rules import BY_NAME, CATALOGUE
from refsem.rules.lifts.table import LIFTS
from refsem.rules.propagation import Method, Propagation
from refsem.rules.replay import Replay, ReplayError
from refsem.rules.replay import replay as replayed
from refsem.rules.trace import Application, Box, Combination, Form, Line, Region, Side, Trace

NETWORK = NETWORKS["residual_1"]
BOX = small_networks.Box(np.array([-1.0, -0.5]), np.array([0.5, 1.0]))
NARROW = small_networks.Box(np.array([-0.5, -0.25]), np.array([0.25, 0.5]))
SPOILT = 300
TARGETS = {"margin": {"y": ExactTensor.from_rationals([mpq(1), mpq(-1)], (1, 2))}}


@functools.cache
def base() -> Propagation:
    """Everything a CROWN run establishes over the box."""
    return run(NETWORK, BOX, Method.CROWN, TARGETS)


def first(state: Replay, rule: str, node: str = "") -> int:
    """The first application of a rule (at a node)."""
    return next(
        index
        for index, one in enumerate(state.applications)
        if one.rule == rule and node in ("", one.node)
    )


def refused(state: Replay, application: Application) -> str:
    before = len(state.applications), len(state.judgements)
    with pytest.raises(ReplayError) as caught:
        state.establish(application)
    assert (len(state.applications), len(state.judgements)) == before
    assert caught.value.index == before[0]
    assert caught.value.application is application
    assert str(caught.value) == (
        f"application {before[0]} ({application.rule} at {application.node!r}): "
        f"{caught.value.message}"
    )
    return caught.value.message


@pytest.fixture
def state() -> Replay:
    """The base, over the wide region and ready to go on, with the narrow one as region 1."""
    regions, done = (BOX.region(), NARROW.region()), base().replay
    return Replay(NETWORK, regions, TARGETS, list(done.applications), list(done.judgements))


def again(state: Replay, rule: str, node: str = "") -> Application:
    """An application that was established and may be established again."""
    application = state.applications[first(state, rule, node)]
    state.establish(application)
    return application


def shape(*values: int) -> ExactTensor:
    return ExactTensor.full(tuple(values), mpq(1, 2))


# references


def test_references_that_are_not_earlier_are_refused(state: Replay) -> None:
    good = again(state, "relu_interval")
    here = len(state.applications)
    for index in (here, here + 1, 10**6, -1, -here):
        spoilt = replace(good, suppliers={"operand": index})
        assert refused(state, spoilt) == (
            f"supplier 'operand' refers to application {index}, not earlier"
        )


@pytest.mark.parametrize("region", [2, 10, -1])
def test_a_region_that_is_not_there_is_refused(state: Replay, region: int) -> None:
    good = again(state, "input_interval")
    assert refused(state, replace(good, region=region)) == f"no region {region}"


def test_a_supplier_that_speaks_of_a_smaller_region_is_refused(state: Replay) -> None:
    inside = state.establish(Application("input_interval", "x", 1))
    good = again(state, "dot_product_interval", "h_product")
    state.establish(replace(good, region=1, suppliers={"x": inside}))
    message = refused(state, replace(good, region=0, suppliers={"x": inside}))
    assert message == "supplier 'x' speaks of a region that does not contain this"


@pytest.mark.parametrize("end", ["lower", "upper"])
@pytest.mark.parametrize("entry", [0, 1])
def test_one_end_of_one_entry_outside_the_suppliers_region_is_enough(end: str, entry: int) -> None:
    lower, upper = BOX.lower.copy(), BOX.upper.copy()
    if end == "lower":
        lower[entry] -= 2.0**-40
    else:
        upper[entry] += 2.0**-40
    outside = small_networks.Box(lower, upper).region()
    state = Replay(NETWORK, (BOX.region(), outside), {})
    box = state.establish(Application("input_interval", "x", 0))
    message = refused(state, Application("dot_product_interval", "h_product", 1, {"x": box}))
    assert message == "supplier 'x' speaks of a region that does not contain this"
    state = Replay(NETWORK, (outside, BOX.region()), {})
    box = state.establish(Application("input_interval", "x", 0))
    state.establish(Application("dot_product_interval", "h_product", 1, {"x": box}))


def test_a_supplier_that_speaks_of_another_tensors_region_is_refused() -> None:
    split = Region({**BOX.region().boxes, "h": (row([0, 0, 0]), row([9, 9, 9]))})
    state = Replay(NETWORK, (BOX.region(), split), {})
    box = state.establish(Application("input_interval", "h", 1))
    good = Application("relu_interval", "first", 1, {"operand": box})
    state.establish(good)
    assert "does not contain" in refused(state, replace(good, region=0))


# suppliers


@pytest.mark.parametrize(
    ("rule", "role"),
    [
        ("dot_product_interval", "x"),
        ("relu_interval", "operand"),
        ("relu_upper", "operand"),
        ("intersect", "first"),
        ("intersect", "second"),
        ("substitute_affine", "form"),
        ("substitute_upper", "form"),
        ("substitute_upper", "upper"),
        ("substitute_upper", "lower"),
        ("substitute_lower", "form"),
        ("substitute_lower", "upper"),
        ("substitute_lower", "lower"),
        ("concretise", "below"),
        ("concretise", "above"),
        ("concretise", "x"),
    ],
)
def test_each_role_must_be_filled_by_the_right_kind_of_judgement(
    state: Replay, rule: str, role: str
) -> None:
    good = again(state, rule)
    without = {name: index for name, index in good.suppliers.items() if name != role}
    assert f"{role!r} is not a" in refused(state, replace(good, suppliers=without))
    misnamed = {**without, f"{role}_": good.suppliers[role]}
    assert f"{role!r} is not a" in refused(state, replace(good, suppliers=misnamed))
    right_kind = type(state.judgements[good.suppliers[role]])
    for index, judgement in enumerate(list(state.judgements)):
        if type(judgement) is not right_kind:
            spoilt = replace(good, suppliers={**good.suppliers, role: index})
            assert f"{role!r} is not a" in refused(state, spoilt)


@pytest.mark.parametrize(
    ("rule", "role"),
    [
        ("dot_product_interval", "x"),
        ("relu_interval", "operand"),
        ("relu_upper", "operand"),
        ("intersect", "first"),
        ("intersect", "second"),
        ("concretise", "x"),
    ],
)
def test_a_box_of_another_tensor_is_refused(state: Replay, rule: str, role: str) -> None:
    good = again(state, rule)
    own = state.judgements[good.suppliers[role]]
    assert isinstance(own, Box)
    others = 0
    for index, judgement in enumerate(list(state.judgements)):
        if isinstance(judgement, Box) and judgement.target != own.target:
            others += 1
            spoilt = replace(good, suppliers={**good.suppliers, role: index})
            assert refused(state, spoilt) == f"supplier {role!r} is not a box of {own.target!r}"
    assert others > 0


@pytest.mark.parametrize("rule", ["substitute_upper", "substitute_lower"])
def test_a_line_of_the_other_side_or_of_another_node_is_refused(state: Replay, rule: str) -> None:
    good = again(state, rule)
    upper, lower = good.suppliers["upper"], good.suppliers["lower"]
    for lines in ((upper, upper), (lower, lower), (lower, upper)):
        suppliers = {**good.suppliers, "upper": lines[0], "lower": lines[1]}
        assert "is not a line" in refused(state, replace(good, suppliers=suppliers))
    others = 0
    for index, judgement in enumerate(list(state.judgements)):
        if isinstance(judgement, Line) and judgement.node != good.node:
            others += 1
            role = judgement.side.value
            spoilt = replace(good, suppliers={**good.suppliers, role: index})
            assert refused(state, spoilt) == f"supplier {role!r} is not a line {role} {good.node!r}"
    assert others > 0


def forms(state: Replay, *sides: Side) -> Iterator[tuple[int, Form]]:
    for index, judgement in enumerate(list(state.judgements)):
        if isinstance(judgement, Form) and judgement.side in sides:
            yield index, judgement


@pytest.mark.parametrize(
    ("rule", "role", "wrong"),
    [
        ("substitute_upper", "form", Side.LOWER),
        ("substitute_lower", "form", Side.UPPER),
        ("concretise", "below", Side.UPPER),
        ("concretise", "above", Side.LOWER),
    ],
)
def test_a_form_of_the_other_side_is_refused(
    state: Replay, rule: str, role: str, wrong: Side
) -> None:
    good = again(state, rule)
    found = list(forms(state, wrong))
    assert found
    for index, _ in found:
        spoilt = replace(good, suppliers={**good.suppliers, role: index})
        assert f"supplier {role!r} is not a form of" in refused(state, spoilt)


def test_forms_about_another_target_are_refused(state: Replay) -> None:
    good = again(state, "concretise", "margin")
    for role, side in (("below", Side.LOWER), ("above", Side.UPPER)):
        for index, form in forms(state, side):
            if form.target != "margin":
                spoilt = replace(good, suppliers={**good.suppliers, role: index})
                assert refused(state, spoilt) == "the forms are not about 'margin'"
    assert refused(state, replace(good, node="y")) == "the forms are not about 'y'"


@pytest.mark.parametrize("rule", ["substitute_affine", "substitute_upper", "substitute_lower"])
def test_a_node_that_the_form_does_not_mention_is_not_substituted(state: Replay, rule: str) -> None:
    good = again(state, rule)
    sides = {"substitute_upper": (Side.UPPER,), "substitute_lower": (Side.LOWER,)}
    found = forms(state, *sides.get(rule, tuple(Side)))
    without = [index for index, form in found if good.node not in form.coefficients]
    assert len(state.applications) - 1 in without  # what `again` has just established
    for index in without:
        spoilt = replace(good, suppliers={**good.suppliers, "form": index})
        assert refused(state, spoilt).endswith(("is not in the form", "node of the form"))


# choices


@pytest.mark.parametrize("slope", [mpq(-1, 2**30), mpq(-1), mpq(2**30 + 1, 2**30), mpq(2)])
def test_one_slope_below_outside_0_to_1_is_refused(state: Replay, slope: mpq) -> None:
    good = again(state, "relu_lower")
    side = "slope_nonnegative" if slope < 0 else "slope_at_most_one"
    for entry in range(3):
        slopes = [mpq(0), mpq(1), mpq(1, 2)]
        slopes[entry] = slope
        spoilt = replace(good, chosen={"s": ExactTensor.from_rationals(slopes, (1, 3))})
        assert refused(state, spoilt) == f"side {side!r} does not hold"


@pytest.mark.parametrize("rule", ["relu_lower", "relu_upper"])
def test_choices_are_complete_of_the_right_shape_and_no_more(state: Replay, rule: str) -> None:
    good = again(state, rule)
    state.establish(replace(good, chosen={"s": shape(1, 3)}))
    for chosen in ({}, {"s": shape(1, 3), "b": shape(1, 3)}, {"t": shape(1, 3)}):
        message = refused(state, replace(good, chosen=chosen))
        assert message == f"chooses {sorted(chosen)}, must ['s']"
    several = () if rule == "relu_lower" else ((2, 3),)
    for wrong in ((1, 1), (1, 2), (1, 4), (3,), (3, 1), (2, 4), (1, 1, 3), (), *several):
        spoilt = replace(good, chosen={"s": shape(*wrong)})
        assert refused(state, spoilt) == f"chosen 's' has shape {list(wrong)}"


@pytest.mark.parametrize("rule", ["substitute_lower", "substitute_upper"])
@pytest.mark.parametrize("rows", [0, 1, 2, 3, 4])
def test_lines_are_for_as_many_rows_as_the_form_or_for_all(
    state: Replay, rule: str, rows: int
) -> None:
    good = again(state, rule)
    form = state.judgements[good.suppliers["form"]]
    assert isinstance(form, Form)
    lower = replace(again(state, "relu_lower"), node=good.node, chosen={"s": shape(rows, 3)})
    substitution = replace(good, suppliers={**good.suppliers, "lower": state.establish(lower)})
    count = form.constant.shape[0]
    assert count == 3
    if rows in {1, count}:
        state.establish(substitution)
    else:
        assert refused(state, substitution) == f"lines for {rows} rows, the form has {count}"


@pytest.mark.parametrize("rule", [name for name in LIFTS if not BY_NAME[name].chosen])
def test_a_rule_without_choices_accepts_none(state: Replay, rule: str) -> None:
    good = replace(again(state, "relu_interval"), rule=rule)
    message = refused(state, replace(good, chosen={"s": shape(1, 1)}))
    assert message == "chooses ['s'], must []"


# rules and nodes


@pytest.mark.parametrize("rule", ["", "relu", "no_such_rule", "Relu_upper"])
def test_an_unknown_rule_is_refused(state: Replay, rule: str) -> None:
    good = again(state, "relu_upper")
    assert refused(state, replace(good, rule=rule)) == "no such rule for tensors"


@pytest.mark.parametrize("rule", [rule.name for rule in CATALOGUE if rule.name not in LIFTS])
def test_a_rule_about_numbers_alone_is_refused(state: Replay, rule: str) -> None:
    good = again(state, "relu_interval")
    assert refused(state, replace(good, rule=rule)) == "no such rule for tensors"


def test_a_rule_is_refused_at_every_node_of_another_operator(state: Replay) -> None:
    for name in ("relu_interval", "relu_upper", "relu_lower"):
        good = again(state, name)
        for node in ("x", "h_product", "h", "block", "difference", "y", "margin", "no such node"):
            assert "is not a" in refused(state, replace(good, node=node))
    good = again(state, "dot_product_interval")
    for node in ("x", "first", "second", "margin", "constant_0", "no such node"):
        assert refused(state, replace(good, node=node)) == f"{node!r} is not affine"
    good = again(state, "substitute_affine")
    for node in ("x", "first", "margin", "no such node"):
        assert "is not an affine node of the form" in refused(state, replace(good, node=node))


def test_what_the_region_does_not_bound_has_no_box_from_it(state: Replay) -> None:
    good = again(state, "input_interval")
    for node in ("h", "y", "margin", "no such node"):
        assert refused(state, replace(good, node=node)) == f"the region does not bound {node!r}"


def test_a_form_starts_at_a_tensor_or_a_declared_target_only(state: Replay) -> None:
    good = again(state, "start_form")
    for node in ("no such node", ""):
        message = refused(state, replace(good, node=node))
        assert message == f"{node!r} is neither a tensor nor a declared target"


# regions and targets


@pytest.mark.parametrize(
    ("name", "lower", "upper"),
    [
        ("x", (1, 1), (1, 1)),  # broadcasts, and means nothing
        ("x", (1, 0), (1, 0)),  # every comparison with it is true
        ("x", (1, 2), (1, 1)),
        ("x", (2, 2), (2, 2)),
        ("x", (2,), (2,)),
        ("x", (), ()),
        ("constant_0", (1, 6), (1, 6)),
        ("no such tensor", (1, 2), (1, 2)),
    ],
)
def test_a_region_that_does_not_fit_the_tensors_is_refused(
    name: str, lower: tuple[int, ...], upper: tuple[int, ...]
) -> None:
    region = Region({name: (shape(*lower), shape(*upper))})
    with pytest.raises(ValueError, match=f"the region's box of '{name}' does not fit"):
        Replay(NETWORK, (BOX.region(), region), {})
    with pytest.raises(ValueError, match="does not fit"):
        replayed(NETWORK, Trace((region,), {}, ()))


@pytest.mark.parametrize(
    ("name", "combination"),
    [
        ("y", {"y": shape(1, 2)}),
        ("x", {"y": shape(1, 2)}),
        ("t", {}),
        ("t", {"no such tensor": shape(1, 2)}),
        ("t", {"constant_0": shape(1, 5)}),
        ("t", {"y": shape(1, 3)}),
        ("t", {"y": shape(1, 1)}),
        ("t", {"y": shape(2)}),
        ("t", {"y": shape()}),
        ("t", {"y": shape(1, 2), "first": shape(2, 3)}),
    ],
    ids=str,
)
def test_a_target_that_redefines_or_does_not_fit_the_tensors_is_refused(
    name: str, combination: Combination
) -> None:
    with pytest.raises(ValueError, match=f"target '{name}' does not define"):
        Replay(NETWORK, (BOX.region(),), {"good": TARGETS["margin"], name: combination})


# whole traces


def test_a_trace_without_its_beginning_is_refused_and_a_beginning_is_a_trace() -> None:
    trace = base().replay.trace()
    whole = [reading(judgement) for judgement in replayed(NETWORK, trace)]
    for cut in range(0, len(trace.applications), 3):
        beginning = replace(trace, applications=trace.applications[:cut])
        assert [reading(one) for one in replayed(NETWORK, beginning)] == whole[:cut]
        if cut:
            with pytest.raises(ReplayError):
                replayed(NETWORK, replace(trace, applications=trace.applications[cut:]))


def test_a_reversed_trace_is_refused_at_its_first_application() -> None:
    trace = base().replay.trace()
    with pytest.raises(ReplayError) as caught:
        replayed(NETWORK, replace(trace, applications=trace.applications[::-1]))
    assert caught.value.index == 0


def spoilt_applications(source: random.Random, trace: Trace) -> tuple[Application, ...]:
    """The applications with one thing changed: order, rule, node, region, supplier or slope."""
    applications = list(trace.applications)
    i, j = (source.randrange(len(applications)) for _ in range(2))
    one = applications[i]
    match source.randrange(7):
        case 0:
            del applications[i]
        case 1:
            applications[i], applications[j] = applications[j], one
        case 2:
            applications.insert(i, applications[j])
        case 3:
            applications[i] = replace(one, rule=source.choice(sorted(BY_NAME)))
        case 4:
            applications[i] = replace(one, node=source.choice([*NETWORK.nodes, "margin"]))
        case 5:
            roles = {role: source.randrange(i + 1) for role in one.suppliers}
            changed = source.choice([*roles, ""])
            applications[i] = replace(
                one, suppliers={**one.suppliers, **{r: v for r, v in roles.items() if r == changed}}
            )
        case _:
            slopes = {n: value + shape(1, value.shape[1]) for n, value in one.chosen.items()}
            applications[i] = replace(one, chosen=slopes)
    return tuple(applications)


def test_a_spoilt_trace_is_refused_or_still_true() -> None:
    good = base().replay
    trace = good.trace()
    true = truth(NETWORK, BOX.points(np.random.default_rng(3), 8), TARGETS)
    source = random.Random(2026)  # noqa: S311  repeatable, not secret
    refusals = 0
    for _ in range(SPOILT):
        applications = spoilt_applications(source, trace)
        pairs = enumerate(zip(applications, trace.applications, strict=False))
        same = next((i for i, (one, other) in pairs if one is not other), len(applications))
        state = Replay(NETWORK, trace.regions, trace.targets)
        state.applications += trace.applications[:same]
        state.judgements += good.judgements[:same]
        try:
            for application in applications[same:]:
                state.establish(application)
        except ReplayError:
            refusals += 1
        assert all(holds(judgement, true) for judgement in state.judgements[same:])
    assert SPOILT / 3 < refusals < SPOILT
