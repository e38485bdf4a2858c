"""The bounds file `refsem.bounds.v1`: who claims which bounds for which tensors of which network.

Reading believes nothing: the format, every key, every length, every number and the hash of the
model are checked, and a claimed interval must not be empty. An end that is ±∞ on its outward
side is `None`: no claim.
"""

from dataclasses import dataclass
from pathlib import Path

from gmpy2 import mpq

from refsem.ir.evaluation import Prepared
from refsem.rounding import Infinite
from refsem.untrusted.numbers import check_common, read_number
from refsem.untrusted.strict_json import Value, read_json

FORMAT = "refsem.bounds.v1"
METHODS = ("ibp", "crown", "other")

Ends = tuple[mpq | None, ...]


@dataclass(frozen=True, slots=True)
class Claimed:
    """A claimed box, entry by entry in row-major order; None is no claim."""

    lower: Ends
    upper: Ends


@dataclass(frozen=True, slots=True)
class BoundsFile:
    """A bounds file that is well-formed and speaks of this network. Its claims may be false."""

    producer: str
    method: str
    input: Claimed
    tensors: dict[str, Claimed]


def read_bounds(path: Path, prepared: Prepared, model_sha256: str) -> BoundsFile:
    """The claims in a bounds file about this network; `InputError` for whatever is not right."""
    root = read_json(path)
    members = root.members(("format", "model_sha256", "producer", "input", "tensors"), ("method",))
    if members["format"].text() != FORMAT:
        raise members["format"].error(f"{members['format'].text()!r}; expected {FORMAT!r}")
    if members["model_sha256"].text() != model_sha256:
        raise members["model_sha256"].error(f"is of another model; this one's is {model_sha256}")
    method = members["method"].text() if "method" in members else "other"
    if method not in METHODS:
        raise members["method"].error(f"{method!r}; expected one of {', '.join(METHODS)}")
    source = prepared.graph.inputs[0]
    claimed_input = _claimed(members["input"], prepared.nodes[source].size)
    if None in (*claimed_input.lower, *claimed_input.upper):
        raise members["input"].error("the input box must be bounded")
    tensors = {
        name: _claimed(place, _size(place, name, prepared))
        for name, place in members["tensors"].entries().items()
    }
    return BoundsFile(members["producer"].text(), method, claimed_input, tensors)


def _size(place: Value, name: str, prepared: Prepared) -> int:
    if name in prepared.nodes:
        return prepared.nodes[name].size
    if name in prepared.constants:
        raise place.error("this tensor is a constant of the network")
    raise place.error("the network has no such tensor")


def _claimed(place: Value, size: int) -> Claimed:
    members = place.members(("lower", "upper"), ())
    lower = _ends(members["lower"], size, outward_negative=True)
    upper = _ends(members["upper"], size, outward_negative=False)
    for index, (low, high) in enumerate(zip(lower, upper, strict=True)):
        if low is not None and high is not None and low > high:
            raise members["lower"].items()[index].error("lies above the upper bound of this entry")
    check_common(place, [end for end in (*lower, *upper) if end is not None])
    return Claimed(lower, upper)


def _ends(place: Value, size: int, *, outward_negative: bool) -> Ends:
    items = place.items()
    if len(items) != size:
        raise place.error(f"{len(items)} numbers; the tensor has {size} entries")
    ends: list[mpq | None] = []
    for item in items:
        number = read_number(item)
        if isinstance(number, Infinite):
            if number.negative != outward_negative:
                raise item.error("an infinite end on the inward side claims the impossible")
            ends.append(None)
        else:
            ends.append(number)
    return tuple(ends)
