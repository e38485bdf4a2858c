"""Regions with signs: what is established under a sign supplies only where the sign is assumed."""

import pytest
from gmpy2 import mpq
from small_networks import chain

from refsem.exact import ExactTensor
from refsem.rules.replay import Replay, ReplayError
from refsem.rules.trace import Application, Form, Region

NETWORK = chain(1)
(SOURCE,) = NETWORK.graph.inputs


def row(*values: int) -> ExactTensor:
    return ExactTensor.from_rationals([mpq(value) for value in values], (1, len(values)))


def region(*signs: int) -> Region:
    box = {SOURCE: (row(-1, -1, -1), row(1, 1, 1))}
    return Region(box, {"h": row(*signs)} if signs else {})


@pytest.mark.parametrize(
    ("outer", "inner", "contains"),
    [
        ((), (1, 0, 0, -1), True),
        ((1, 0, 0, 0), (1, 0, 0, -1), True),
        ((0, 0, 0, 0), (), True),
        ((1, 0, 0, -1), (1, 0, 0, -1), True),
        ((1, 0, 0, 0), (), False),
        ((1, 0, 0, 0), (-1, 0, 0, 0), False),
        ((1, 0, 0, 0), (0, 1, 0, 0), False),
    ],
)
def test_a_region_contains_those_with_all_its_signs(
    outer: tuple[int, ...], inner: tuple[int, ...], contains: bool
) -> None:
    assert region(*outer).contains(region(*inner)) is contains


def established(*signs: tuple[int, ...]) -> Replay:
    """Boxes of the input and the first layer, in region 0."""
    state = Replay(NETWORK, tuple(region(*one) for one in signs), {})
    state.establish(Application("input_interval", SOURCE, 0))
    for node in ("h_product", "h"):
        before = state.applications[-1].node
        index = len(state.applications) - 1
        state.establish(Application("dot_product_interval", node, 0, {before: index}))
    return state


def halved(at: int) -> Application:
    return Application("split_interval", "h", at, {"box": 2})


def test_a_box_is_halved_where_a_sign_is_assumed_and_only_there() -> None:
    state = established((), (1, -1, 0, 0))
    index = state.establish(halved(1))
    whole, box = state.box(2), state.box(index)
    low, high = whole.lower.rationals(), whole.upper.rationals()
    assert box.lower.rationals() == [max(low[0], 0), *low[1:]]
    assert box.upper.rationals() == [high[0], min(high[1], 0), *high[2:]]
    with pytest.raises(ReplayError, match="assumes no sign of 'h'"):
        state.establish(halved(0))


def test_what_rests_on_a_sign_is_no_supplier_without_it() -> None:
    state = established((), (1, 0, 0, 0), (1, 1, 0, 0), (-1, 0, 0, 0))
    index = state.establish(halved(1))
    relu = {"operand": index}
    state.establish(Application("relu_interval", "first", 1, relu))
    state.establish(Application("relu_interval", "first", 2, relu))
    for other in (0, 3):
        with pytest.raises(ReplayError, match="speaks of a region that does not contain this"):
            state.establish(Application("relu_interval", "first", other, relu))


@pytest.mark.parametrize(
    ("multipliers", "sign", "coefficients"),
    [((3, 5, 7, 9), (1, -1, 0, 0), (-3, 5, 0, 0)), ((0, 0, 0, 0), (1, 1, 1, 1), (0, 0, 0, 0))],
)
def test_multipliers_are_subtracted_by_sign(
    multipliers: tuple[int, ...], sign: tuple[int, ...], coefficients: tuple[int, ...]
) -> None:
    state = Replay(NETWORK, (region(*sign),), {"t": {"h": row(0, 0, 0, 0)}})
    form = state.establish(Application("start_form", "t", 0))
    chosen = {"w": row(*multipliers)}
    index = state.establish(Application("multiplier_lower", "h", 0, {"form": form}, chosen))
    found = state.judgements[index]
    assert isinstance(found, Form)
    assert found.coefficients["h"].rationals() == list(coefficients)


def test_a_negative_multiplier_is_refused_entry_by_entry() -> None:
    state = Replay(NETWORK, (region(1, 1, 1, 1),), {"t": {"h": row(0, 0, 0, 0)}})
    form = state.establish(Application("start_form", "t", 0))
    for entry in range(4):
        chosen = {"w": row(*(-(i == entry) for i in range(4)))}
        with pytest.raises(ReplayError, match="side 'nonnegative' does not hold"):
            state.establish(Application("multiplier_lower", "h", 0, {"form": form}, chosen))


def test_signs_that_fit_no_tensor_are_refused() -> None:
    for signs in ({"h": row(1, 1)}, {"no tensor": row(1)}):
        bad = Region(region().boxes, signs)
        with pytest.raises(ValueError, match="do not fit a variable tensor"):
            Replay(NETWORK, (bad,), {})
