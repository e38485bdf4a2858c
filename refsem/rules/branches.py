"""A choice between two numbers by a condition: intervals, and planes of any slopes.

Where the condition's box decides, the bound is that of the number chosen; where it does not, of
both.

Legend: x in [l, u] the condition, y in [ly, uy] where 0 < x and z in [lz, uz] elsewhere; s, t
slopes in y and z; one, zero bounds of what either number exceeds the plane by; b an intercept.
Source of all: interval analysis (Moore 1966), with chosen slopes as in CROWN (Zhang et al. 2018).
"""

from refsem.ir.operators import Op, meaning
from refsem.ir.terms import Term, maximum, minimum, select, variables
from refsem.rules.boxes import BOX
from refsem.rules.rule import Claim, Derived, Outward, Rule, Side

l, u, x, ly, uy, y, lz, uz, z = variables("l u x ly uy y lz uz z")
s, t, one, zero, b, lo, hi = variables("s t one zero b lo hi")

_SIDES = (
    *BOX,
    Side("lower_end_y", ly <= y, because="y lies in its box"),
    Side("upper_end_y", y <= uy, because="y lies in its box"),
    Side("lower_end_z", lz <= z, because="z lies in its box"),
    Side("upper_end_z", z <= uz, because="z lies in its box"),
)
_GIVEN = (l, u, ly, uy, lz, uz)
_BECAUSE = "the value is one of two, and the box of the condition may say which"
_SOURCE = "Moore 1966; a plane of any slopes, as in CROWN (Zhang et al. 2018)"
_VALUE = meaning(Op.WHERE, x, y, z)


def _decided(first: Term, second: Term, either: Term) -> Term:
    """What goes for y where the condition is true, for z where it is false, else for either."""
    return select(u, 0, second, select(l, 0, either, first))


where_interval = Rule(
    name="where_interval",
    operator=Op.WHERE,
    given=_GIVEN,
    chosen=(),
    derived=(
        Derived("lo", _decided(ly, lz, minimum(ly, lz)), Outward.DOWN),
        Derived("hi", _decided(uy, uz, maximum(uy, uz)), Outward.UP),
    ),
    point=(x, y, z),
    sides=_SIDES,
    claims=(Claim("lower", lo <= _VALUE), Claim("upper", hi >= _VALUE)),
    because=_BECAUSE,
    source=_SOURCE,
)


def _most(slope: Term, lower: Term, upper: Term) -> Term:
    return maximum(slope * lower, slope * upper)


def _least(slope: Term, lower: Term, upper: Term) -> Term:
    return minimum(slope * lower, slope * upper)


where_upper = Rule(
    name="where_upper",
    operator=Op.WHERE,
    given=_GIVEN,
    chosen=(s, t),
    derived=(
        Derived("one", _most(1 - s, ly, uy) + _most(-t, lz, uz), Outward.UP),
        Derived("zero", _most(-s, ly, uy) + _most(1 - t, lz, uz), Outward.UP),
        Derived("b", _decided(one, zero, maximum(one, zero)), Outward.UP),
    ),
    point=(x, y, z),
    sides=_SIDES,
    claims=(Claim("upper", s * y + t * z + b >= _VALUE),),
    because=_BECAUSE,
    source=_SOURCE,
)

where_lower = Rule(
    name="where_lower",
    operator=Op.WHERE,
    given=_GIVEN,
    chosen=(s, t),
    derived=(
        Derived("one", _least(1 - s, ly, uy) + _least(-t, lz, uz), Outward.DOWN),
        Derived("zero", _least(-s, ly, uy) + _least(1 - t, lz, uz), Outward.DOWN),
        Derived("b", _decided(one, zero, minimum(one, zero)), Outward.DOWN),
    ),
    point=(x, y, z),
    sides=_SIDES,
    claims=(Claim("lower", s * y + t * z + b <= _VALUE),),
    because=_BECAUSE,
    source=_SOURCE,
)

RULES = (where_interval, where_upper, where_lower)
