"""What somebody who knows torch writes first: it does what torch does, or is told what to write."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pytest

from refsem import nn
from refsem.errors import InputError
from refsem.nn import functions
from refsem.nn.errors import ContextError, NumberError, OperandError, ParameterError
from refsem.nn.state import FLOAT32, State, Stored
from refsem.nn.tensor import Tensor

EXACT = nn.Exact(80, "1e-12")
EPS = Fraction(1, 1024)


def counting(*shape: int) -> Tensor:
    """0, 1, 2, … in this shape."""
    values = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    return nn.tensor(values.view(np.uint32), EXACT)


def same(found: Tensor, wanted: object) -> None:
    """Hold a tensor against numpy's numbers, entry by entry."""
    there = np.asarray(wanted)
    assert found.shape == there.shape
    assert [Fraction(str(v)) for v in nn.rationals(found)] == [int(v) for v in there.ravel()]


VALUES = np.arange(24).reshape(2, 3, 4)

AS_TORCH: dict[str, tuple[Callable[[Tensor], Tensor], object]] = {
    "the length that is left": (lambda t: functions.reshape(t, (-1, 4)), VALUES.reshape(-1, 4)),
    "one length for all": (lambda t: functions.reshape(t, -1), VALUES.ravel()),
    "one axis": (lambda t: functions.total(t, 1), VALUES.sum(axis=1)),
    "one axis from the end": (lambda t: functions.greatest(t, -1), VALUES.max(axis=-1)),
    "a place of numpy's": (lambda t: functions.row(t, np.int64(1).item()), VALUES[1]),
    "a square": (lambda t: t**2, VALUES**2),
    "flattened in the middle": (lambda t: functions.flatten(t, 0, 1), VALUES.reshape(6, 4)),
    "one axis flattened": (lambda t: functions.flatten(t, 1, 1), VALUES),
    "a batch of products": (
        lambda t: t @ functions.permute(t, (0, 2, 1)),
        VALUES @ VALUES.transpose(0, 2, 1),
    ),
}


@pytest.mark.parametrize("name", AS_TORCH)
def test_these_are_as_in_torch(name: str) -> None:
    program, wanted = AS_TORCH[name]
    same(program(counting(2, 3, 4)), wanted)
    (traced,) = nn.run(nn.compile(program, (2, 3, 4)), counting(2, 3, 4))
    same(traced, wanted)


def test_a_single_number_is_flattened_to_one_axis() -> None:
    assert functions.flatten(nn.tensor(3, EXACT)).shape == (1,)


def test_places_of_numpy_are_places() -> None:
    found = functions.gather(counting(2, 3), np.int64(1), 0)  # type: ignore[arg-type]  as written
    same(found, [3, 4, 5])


REFUSED: dict[str, tuple[Callable[[Tensor], object], type[Exception], str]] = {
    "backwards": (lambda t: functions.flatten(t, 2, 1), OperandError, "axis 1 comes before axis 2"),
    "two lengths left": (
        lambda t: functions.reshape(t, (-1, -1)),
        OperandError,
        "cannot be reshaped",
    ),
    "no length left": (lambda t: functions.reshape(t, (-1, 5)), OperandError, "cannot be reshaped"),
    "a float as a place": (lambda t: functions.gather(t, 1.0, 0), NumberError, "whole number"),  # type: ignore[arg-type]
    "a root by a power": (lambda t: t**0.5, NumberError, "whole number"),  # type: ignore[operator]
    "a ninth power": (lambda t: t**9, OperandError, "9 is no exponent from 1 to 8"),
    "a tensor of tensors": (lambda t: functions.concat(t, 0), ContextError, "a list of tensors"),  # type: ignore[arg-type]
    "a shape that is none": (
        lambda t: nn.compile(lambda one: one + t, 3),  # type: ignore[arg-type]
        ContextError,
        "the shape of each input",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_these_are_refused_with_what_to_write(name: str) -> None:
    program, kind, message = REFUSED[name]
    with pytest.raises(kind, match=message):
        program(counting(2, 3, 4))


MODULES: dict[str, tuple[Callable[[], object], str]] = {
    "one module": (lambda: nn.Sequential(nn.ReLU()), "one tuple of modules"),  # type: ignore[arg-type]
    "a class": (lambda: nn.Sequential((nn.ReLU,)), "one tuple of modules"),
    "no module": (lambda: nn.Sequential((3,)), "one tuple of modules"),  # type: ignore[arg-type]
    "a length": (lambda: nn.LayerNorm(4, EPS), "a tuple of lengths"),  # type: ignore[arg-type]
    "a list": (lambda: nn.LayerNorm([4], EPS), "a tuple of lengths"),  # type: ignore[arg-type]
    "no axes": (lambda: nn.LayerNorm((), EPS), "a tuple of lengths"),
    "text": (lambda: nn.Linear("3", 2), "in_features of Linear is '3'"),  # type: ignore[arg-type]
    "negative": (lambda: nn.Linear(3, -2), "out_features of Linear is -2"),
    "a float": (lambda: nn.BatchNorm(3.0, EPS), "features of BatchNorm is 3.0"),  # type: ignore[arg-type]
    "truth": (lambda: nn.Conv2d(1, 1, (1, 1), groups=True), "groups of Conv2d is True"),
}


@pytest.mark.parametrize("name", MODULES)
def test_modules_that_cannot_be_are_refused_when_they_are_made(name: str) -> None:
    make, message = MODULES[name]
    with pytest.raises(ParameterError, match=message):
        make()


# state dicts


def state(**weights: object) -> State:
    """A state dict of float32 tensors; `__` in a name stands for a dot."""
    tensors = {}
    for name, values in weights.items():
        array = np.asarray(values, np.float32)
        bits = array.view(np.uint32)
        tensors[name.replace("__", ".")] = Stored(FLOAT32, array.shape, bits)
    return State("w.pt", tensors)


@dataclass(frozen=True)
class Net:
    fc: nn.Linear

    def __call__(self, x: Tensor) -> Tensor:
        return self.fc(x)


class Plain:
    """As in torch, where modules are found among the attributes."""

    def __init__(self) -> None:
        self.fc = nn.Linear(2, 1)


def test_a_prefix_of_a_state_dict_is_named_and_may_be_stated() -> None:
    wrapped = state(module__fc__weight=[[1, 2]], module__fc__bias=[3])
    with pytest.raises(InputError, match=r"every name begins with 'module\.': load {'module': "):
        nn.load(Net(nn.Linear(2, 1)), wrapped)
    found = nn.load({"module": Net(nn.Linear(2, 1))}, wrapped)["module"]
    same(found(counting(1, 2)), [[5]])


def test_other_names_are_no_prefix() -> None:
    for other in (state(fc2__weight=[[1, 2]], fc2__bias=[3]), state(a__fc__weight=[[1, 2]])):
        with pytest.raises(InputError, match="missing: ") as refusal:
            nn.load(Net(nn.Linear(2, 1)), other)
        assert "begins with" not in str(refusal.value)


def test_a_class_whose_weights_are_not_seen_says_so() -> None:
    with pytest.raises(ParameterError, match="Plain has no weights: those of a dataclass"):
        nn.load(Plain(), state(fc__weight=[[1, 2]], fc__bias=[3]))


def test_a_subclass_of_sequential_is_one() -> None:
    class Small(nn.Sequential):
        pass

    loaded = nn.load(Small((nn.Linear(2, 1), nn.ReLU())), State("w", numbered()))
    same(loaded(counting(1, 2)), [[5]])


def numbered() -> dict[str, Stored]:
    kept = state(weight=[[1, 2]], bias=[3]).tensors
    return {f"0.{name}": stored for name, stored in kept.items()}


# pools, by torch's own rule for what lies beyond the padding


@pytest.mark.parametrize("ceil_mode", [False, True])
@pytest.mark.parametrize("count", [False, True])
def test_means_of_windows_beyond_the_image_are_torch_s(*, ceil_mode: bool, count: bool) -> None:
    image = np.arange(1, 21).reshape(1, 1, 4, 5)
    for height, width, step, around in ((2, 2, 1, 1), (3, 2, 2, 1), (2, 3, 3, 1), (3, 3, 2, 0)):
        pool = nn.AvgPool2d(
            (height, width),
            stride=(step, step),
            padding=(around, around if width > 1 else 0),
            ceil_mode=ceil_mode,
            count_include_pad=count,
        )
        found = pool(nn.tensor(image.astype(np.float32).view(np.uint32), EXACT))
        wanted = mean_windows(image[0, 0], (height, width), step, around, (ceil_mode, count))
        assert [Fraction(str(v)) for v in nn.rationals(found)] == wanted


def mean_windows(
    image: np.ndarray, kernel: tuple[int, int], step: int, around: int, how: tuple[bool, bool]
) -> list[Fraction]:
    """Of torch's source: an end lies at most at the padding's, and pads count up to there."""
    starts = [
        [s - around for s in range(0, places(n, k, step, around, ceil_mode=how[0]) * step, step)]
        for n, k in zip(image.shape, kernel, strict=True)
    ]
    found = []
    for top in starts[0]:
        for left in starts[1]:
            bottom = min(top + kernel[0], image.shape[0] + around)
            right = min(left + kernel[1], image.shape[1] + around)
            part = image[max(top, 0) : bottom, max(left, 0) : right]
            size = (bottom - top) * (right - left) if how[1] else part.size
            found.append(Fraction(int(part.sum()), size))
    return found


def places(length: int, kernel: int, step: int, around: int, *, ceil_mode: bool) -> int:
    room = length + 2 * around - kernel
    count = (-(-room // step) if ceil_mode else room // step) + 1
    return count - (ceil_mode and (count - 1) * step >= length + around)
