"""The adapters without their libraries: options, refusals, and a stand-in for Marabou."""

import sys
from importlib.util import find_spec
from types import SimpleNamespace

import numpy as np
import numpy.typing as npt
import pytest

from refsem.errors import InputError
from refsem.hunt.adapters.auto_lirpa import _halving, _rows, _unclaimed, auto_lirpa, read_options
from refsem.hunt.adapters.marabou import marabou

Places = npt.NDArray[np.intp]


def test_options_are_read() -> None:
    options = read_options("")
    assert (options.method, options.dtype, options.form) == ("CROWN", "float32", "")
    options = read_options("IBP,dtype=float64,form=product,mul.middle=true,a=same-slope")
    assert (options.method, options.dtype, options.form) == ("IBP", "float64", "product")
    assert options.bound == {"mul": {"middle": True}, "a": "same-slope"}
    assert read_options("concretised=true").concretised


@pytest.mark.parametrize("text", ["dtype=float16", "dtype=", "=x", "concretised=maybe"])
def test_what_is_no_option_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="no option"):
        read_options(text)


@pytest.mark.skipif(find_spec("auto_LiRPA") is not None, reason="auto_LiRPA is installed")
def test_an_absent_library_is_named() -> None:
    with pytest.raises(InputError, match="auto_lirpa: cannot be imported"):
        auto_lirpa("")


@pytest.mark.skipif(find_spec("maraboupy") is not None, reason="maraboupy is installed")
def test_an_absent_marabou_is_named() -> None:
    with pytest.raises(InputError, match="marabou: cannot be imported"):
        marabou()


def test_what_is_refused_is_narrowed_down_to_single_boxes() -> None:
    answered: list[int] = []

    def ask(places: Places) -> None:
        if 5 in places:
            raise AssertionError("five")
        answered.extend(places.tolist())

    refusal = _halving(ask, np.arange(12))
    assert sorted(answered) == [place for place in range(12) if place != 5]
    assert str(refusal) == "five"
    assert _halving(lambda _: None, np.arange(3)) is None


def test_before_any_answer_nothing_is_claimed() -> None:
    found = _rows((2, 3))
    assert _unclaimed(found)
    found["lower_intercept"][1] = 0
    assert not _unclaimed(found)


class Query:
    """As much of Marabou's query as the adapter uses."""

    def __init__(self) -> None:
        self.ends: dict[int, list[float]] = {0: [0.0, 0.0]}

    def setNumberOfVariables(self, count: int) -> None:  # noqa: N802
        self.count = count

    def setLowerBound(self, variable: int, value: float) -> None:  # noqa: N802
        self.ends[variable] = [value, value]

    def setUpperBound(self, variable: int, value: float) -> None:  # noqa: N802
        self.ends[variable][1] = value

    def markInputVariable(self, variable: int, place: int) -> None:  # noqa: N802
        assert variable == place

    def markOutputVariable(self, variable: int, place: int) -> None:  # noqa: N802
        assert (variable, place) == (self.count - 1, 0)


def calculate(query: Query, _options: object, _file: str) -> tuple[str, dict[int, object], None]:
    low, high = query.ends[0]
    if low < -100:
        raise RuntimeError("too low")
    return ("unsat", {}, None) if high > 100 else ("", {1: (max(low, 0), max(high, 0))}, None)


@pytest.fixture
def core(monkeypatch: pytest.MonkeyPatch) -> None:
    module = SimpleNamespace(
        InputQuery=Query,
        Options=SimpleNamespace,
        addReluConstraint=lambda *_: None,
        calculateBounds=calculate,
    )
    monkeypatch.setitem(sys.modules, "maraboupy.MarabouCore", module)
    monkeypatch.setitem(sys.modules, "maraboupy", SimpleNamespace(MarabouCore=module))


@pytest.mark.usefixtures("core")
def test_marabou_is_asked_box_by_box() -> None:
    found = marabou()("relu", np.array([[-1.0, -200.0, 1.0]]), np.array([[2.0, 1.0, 200.0]]))
    assert found["lower"].tolist() == [0, -np.inf, np.inf]
    assert found["upper"].tolist() == [2, np.inf, -np.inf]


@pytest.mark.usefixtures("core")
def test_refusing_all_of_many_boxes_is_an_error() -> None:
    with pytest.raises(InputError, match="refuses every box: too low"):
        marabou()("relu", np.full((1, 40), -200.0), np.full((1, 40), 1.0))
    with pytest.raises(InputError, match="no adapter"):
        marabou()("tanh", np.zeros((1, 1)), np.zeros((1, 1)))
