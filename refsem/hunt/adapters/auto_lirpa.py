"""auto_LiRPA as a producer: one operator as a network of one node, bounded by a chosen method.

Options after `auto_lirpa:`, separated by commas: a method of `compute_bounds` (`CROWN` unless
another is named: `IBP`, `forward`, `CROWN-Optimized`), `dtype=float64`, `form=NAME` for operators
that can be written in several ways, and any other `KEY=VALUE` into `bound_opts`, dots for nesting
(`activation_bound_option=same-slope`, `mul.middle=true`). Whatever version imports is asked.

A method that gives lines is asked for the lines, which are the rules; `concretised=true` adds the
bounds computed from them over the box, whose roundings are in proportion to the operands. All
operands are entries of one tensor: of several inputs the library reports, with the slopes in one of
them, an intercept in which the others are already concretised.

A call of the library that raises is repeated on halves of its boxes, down to single ones; about a
box it refuses alone it claims nothing. Boxes that its dtype cannot hold are an error.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from operator import attrgetter
from typing import Any

import numpy as np

from refsem.errors import InputError
from refsem.hunt.adapters import REFUSED_ALL
from refsem.ir.floats import Array

Network = Callable[..., Any]
Write = Callable[[Any, Mapping[str, Any]], Network]
NAME = "auto_lirpa"
_FLOATS = ("float32", "float64")


def _power(exponent: int | None) -> dict[str, Write]:
    """A whole power as an operator, with a float exponent, or as a product."""

    def of(attributes: Mapping[str, Any]) -> int:
        return attributes["exponent"] if exponent is None else exponent

    def product(_torch: Any, attributes: Mapping[str, Any]) -> Network:  # noqa: ANN401
        def run(x: Any) -> Any:  # noqa: ANN401
            found = x
            for _ in range(of(attributes) - 1):
                found = found * x
            return found

        return run

    return {
        "power": lambda torch, attributes: lambda x: torch.pow(x, of(attributes)),
        "float": lambda torch, attributes: lambda x: torch.pow(x, float(of(attributes))),
        "product": product,
    }


def _plain(run: Callable[[Any], Network]) -> dict[str, Write]:
    return {"": lambda torch, _attributes: run(torch)}


_WAYS: Mapping[str, Mapping[str, Write]] = {
    **{
        name: _plain(attrgetter(name))
        for name in ("relu", "abs", "neg", "exp", "log", "tanh", "sigmoid", "sin", "cos", "sqrt")
    },
    "reciprocal": {
        "reciprocal": lambda torch, _: torch.reciprocal,
        "quotient": lambda _, __: lambda x: 1 / x,
    },
    "softplus": _plain(lambda torch: torch.nn.functional.softplus),
    "erf": _plain(lambda torch: torch.erf),
    "gelu": _plain(lambda torch: torch.nn.functional.gelu),
    "silu": _plain(lambda torch: torch.nn.functional.silu),
    "hard_swish": {
        "hardswish": lambda torch, _: torch.nn.functional.hardswish,
        "product": lambda torch, _: lambda x: x * torch.nn.functional.hardtanh(x + 3, 0, 6) / 6,
    },
    "hard_sigmoid": {
        "clip": lambda torch, a: (
            lambda x: torch.nn.functional.hardtanh(a["alpha"] * x + a["beta"], 0, 1)
        )
    },
    "leaky_relu": {
        "": lambda torch, a: lambda x: torch.nn.functional.leaky_relu(x, a["alpha"]),
    },
    "clip": {
        "hardtanh": lambda torch, a: lambda x: torch.nn.functional.hardtanh(x, a["low"], a["high"]),
        "clamp": lambda torch, a: lambda x: torch.clamp(x, a["low"], a["high"]),
    },
    "add": _plain(lambda torch: torch.add),
    "sub": _plain(lambda torch: torch.sub),
    "mul": _plain(lambda torch: torch.mul),
    "div": _plain(lambda torch: torch.div),
    "max": _plain(lambda torch: torch.maximum),
    "min": _plain(lambda torch: torch.minimum),
    "square": {"square": lambda torch, _: torch.square, **_power(2)},
    "cube": _power(3),
    **{f"power{n}": _power(n) for n in range(4, 9)},
    "pow": _power(None),
    "softmax": _plain(lambda torch: partial(torch.softmax, dim=1)),
    "max_pool": {
        "": lambda torch, a: lambda x: torch.nn.functional.max_pool2d(x, (1, a["width"])).flatten(1)
    },
}
_WHOLE = ("softmax", "max_pool")
"""Operators of the entries of one tensor; others take its columns."""


@dataclass(frozen=True, slots=True)
class Options:
    """What is asked of the library."""

    method: str
    dtype: str
    form: str
    concretised: bool
    bound: Mapping[str, Any]


def read_options(text: str) -> Options:
    """The options in a text; `InputError` for what is none."""
    method, dtype, form, concretised = "CROWN", "float32", "", False
    bound: dict[str, Any] = {}
    for part in filter(None, text.split(",")):
        key, separator, value = part.partition("=")
        match key:
            case "dtype" if value in _FLOATS:
                dtype = value
            case "form" if value:
                form = value
            case "concretised" if value in {"true", "false"}:
                concretised = value == "true"
            case _ if key and separator and value and key not in {"dtype", "concretised"}:
                *outer, last = key.split(".")
                place = bound
                for name in outer:
                    place = place.setdefault(name, {})
                place[last] = {"true": True, "false": False}.get(value.lower(), value)
            case _ if not separator:
                method = key
            case _:
                raise InputError("", f"{NAME}:{text}", f"{part!r} is no option")
    return Options(method, dtype, form, concretised, bound)


@dataclass(frozen=True, slots=True)
class _Library:
    """The library, and the networks made so far."""

    torch: Any
    lirpa: Any
    options: Options
    networks: dict[object, Any] = field(default_factory=dict)

    def bounds(self, op: str, lower: Array, upper: Array, **attributes: float) -> dict[str, Array]:
        """The producer's function."""
        write = self._way(op)
        if self.options.dtype == "float32":
            for ends in (lower, upper):
                if (ends.astype(np.float32).astype(np.float64) != ends).any():
                    raise InputError("", NAME, "binary64 boxes need dtype=float64")
        found = _rows(lower.shape)
        ask = partial(self._some, op, write, attributes, lower, upper, found)
        refusal = _halving(ask, np.arange(lower.shape[1]))
        if refusal is not None and lower.shape[1] >= REFUSED_ALL and _unclaimed(found):
            message = f"{type(refusal).__name__}: {refusal}"
            raise InputError("", f"{NAME} {op}", f"refuses every box: {message}") from refusal
        return found

    def _way(self, op: str) -> Write:
        ways = _WAYS.get(op)
        if ways is None:
            raise InputError("", f"{NAME} {op}", f"no adapter; there are {', '.join(_WAYS)}")
        form = self.options.form
        if form and form not in ways:
            raise InputError("", f"form={form}", f"is no way to write {op}: {', '.join(ways)}")
        return ways[form] if form else next(iter(ways.values()))

    def _some(
        self,
        op: str,
        write: Write,
        attributes: Mapping[str, float],
        lower: Array,
        upper: Array,
        found: dict[str, Array],
        places: Any,  # noqa: ANN401  an array of places
    ) -> None:
        """Ask about some of the boxes and write down the claims."""
        dtype = getattr(self.torch, self.options.dtype)
        self.torch.set_default_dtype(dtype)
        ends = [self._tensor(op, part[:, places], dtype) for part in (lower, upper)]
        key = op, tuple(sorted(attributes.items())), tuple(ends[0].shape), self.options.dtype
        if key not in self.networks:
            given = {"width": lower.shape[0], **attributes}
            self.networks[key] = self._network(op, write(self.torch, given), ends[0])
        network = self.networks[key]
        box = self.lirpa.PerturbationLpNorm(x_L=ends[0], x_U=ends[1])
        inputs = (self.lirpa.BoundedTensor(ends[0], box),)
        wanted = {network.output_name[0]: set(network.input_name)}
        lines = self.options.method.upper() not in {"IBP", "FORWARD"}
        extra = {"return_A": True, "needed_A_dict": wanted} if lines else {}
        if op == "softmax":
            first = self.torch.zeros(len(places), 1, lower.shape[0], dtype=dtype)
            first[:, 0, 0] = 1
            extra["C"] = first
        answer = network.compute_bounds(x=inputs, method=self.options.method, **extra)
        if self.options.concretised or not lines:
            found["lower"][places] = _numbers(answer[0]).reshape(-1)
            found["upper"][places] = _numbers(answer[1]).reshape(-1)
        if lines:
            forms = answer[2][network.output_name[0]]
            _write_lines(found, forms[network.input_name[0]], places)

    def _tensor(self, op: str, ends: Array, dtype: Any) -> Any:  # noqa: ANN401
        """The operands of every box as one tensor."""
        rows = self.torch.from_numpy(np.ascontiguousarray(ends.T)).to(dtype)
        return rows[:, None, None, :] if op == "max_pool" else rows

    def _network(self, op: str, run: Network, example: Any) -> Any:  # noqa: ANN401
        columns = range(1 if op in _WHOLE else example.shape[1])

        class Node(self.torch.nn.Module):  # type: ignore[misc,name-defined]
            def forward(self, x: Any) -> Any:  # noqa: ANN401
                return run(*(x[:, i : i + 1] for i in columns)) if len(columns) > 1 else run(x)

        options = {"verbosity": 0, **self.options.bound}
        ones = self.torch.ones_like(example)
        try:
            return self.lirpa.BoundedModule(Node(), ones, bound_opts=options, device="cpu")
        except Exception as error:
            message = f"makes no network of it: {type(error).__name__}: {error}"
            raise InputError("", f"{NAME} {op}", message) from error


def _rows(shape: tuple[int, ...]) -> dict[str, Array]:
    """No claims yet, about so many boxes."""
    boxes = shape[1]
    below, above = np.full(boxes, -np.inf), np.full(boxes, np.inf)
    return {
        "lower": below.copy(),
        "upper": above.copy(),
        "lower_slope": np.zeros(shape),
        "lower_intercept": below,
        "upper_slope": np.zeros(shape),
        "upper_intercept": above,
    }


def _unclaimed(found: Mapping[str, Array]) -> bool:
    below = (found["lower"] == -np.inf) & (found["lower_intercept"] == -np.inf)
    above = (found["upper"] == np.inf) & (found["upper_intercept"] == np.inf)
    return bool((below & above).all())


def _halving(ask: Callable[[Any], None], places: Any) -> Exception | None:  # noqa: ANN401
    """Ask about boxes, and about halves of what is refused; the last refusal, if any."""
    try:
        ask(places)
    except InputError:
        raise
    except Exception as error:  # noqa: BLE001  whatever the library refuses with
        if len(places) == 1:
            return error
        middle = len(places) // 2
        refusals = [_halving(ask, part) for part in (places[:middle], places[middle:])]
        return next((refusal for refusal in refusals if refusal is not None), None)
    return None


def _numbers(tensor: Any) -> Array:  # noqa: ANN401
    return np.asarray(tensor.detach().cpu().numpy(), np.float64)


def _write_lines(found: dict[str, Array], form: Any, places: Any) -> None:  # noqa: ANN401
    for letter, side in (("l", "lower"), ("u", "upper")):
        found[f"{side}_slope"][:, places] = _numbers(form[f"{letter}A"]).reshape(len(places), -1).T
        found[f"{side}_intercept"][places] = _numbers(form[f"{letter}bias"]).reshape(-1)


def auto_lirpa(options: str) -> Callable[..., dict[str, Array]]:
    """The producer with these options; `InputError` where the library does not import."""
    asked = read_options(options)
    try:
        library = _Library(import_module("torch"), import_module("auto_LiRPA"), asked)
    except Exception as error:
        message = f"cannot be imported: {type(error).__name__}: {error}"
        raise InputError("", NAME, message) from error
    return library.bounds
