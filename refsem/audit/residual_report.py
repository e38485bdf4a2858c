"""The expressions of a residual file as a short table, and as the JSON objects scripts rely on.

What the table shows is established as it is shown: ends are rounded outward, what is attained down.
"""

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from refsem.audit.display import decimal, decimal_above, decimal_below, exact
from refsem.audit.residual import Enclosed

_DIGITS = 4


def residual_objects(enclosed: Sequence[Enclosed]) -> list[dict[str, object]]:
    """For each expression its bound, the ends over its region, and what is attained where."""
    return [_object(one) for one in enclosed]


def _object(one: Enclosed) -> dict[str, object]:
    found: dict[str, object] = {
        "expression": one.claim.name,
        "bound": str(one.claim.bound),
        "lower": str(one.lower),
        "upper": str(one.upper),
        "leaves": one.leaves,
        "points": one.points,
    }
    if one.attained is not None:
        found["attained"] = str(one.attained.least)
        found["point"] = [str(value) for value in one.attained.point]
    return found


def residual_parts(enclosed: Sequence[Enclosed]) -> Iterator[RenderableType]:
    """A line for each expression: what is established everywhere beside what is attained."""
    if not enclosed:
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("everywhere")
    for column in ("between", "and", "attained", "ratio", "claimed"):
        table.add_column(column, justify="right")
    for one in enclosed:
        attained = "" if one.attained is None else decimal_below(one.attained.least, _DIGITS)
        ratio = "" if one.ratio is None else decimal(one.ratio, 3)
        ends = decimal_below(one.lower, _DIGITS), decimal_above(one.upper, _DIGITS)
        cells = (one.claim.name, *ends, attained, ratio, exact(one.claim.bound))
        table.add_row(*cells)
    yield table
    yield Text("attained: at one of some points the absolute value is at least that", style="dim")
