"""What rules may know of rounding: named properties of fl_m, the rounding to a format in mode m.

A property speaks of real or representable inputs and of results r = fl_m(t), for arguments t no
greater in size than the greatest finite value: overflow is a side of whoever uses it. Rules see a
result as an opaque number of which only the properties they name are known.

Each property is stated here once, with an argument for every binary format. On tiny formats
`refsem.obligations.exhaustive` decides it outright; for binary32 the argument is believed, and
those of its steps that are inequalities are rules of their own (`refsem.rules.rounded`).

Legend: x, y, t inputs; r, p, d, n results; unit and least bound the relative and absolute error,
step is the distance of values below 2^e, power is 2^e. Sources: IEEE 754-2019 §4.3; Sterbenz 1974;
Higham 2002, §2.2 and Muller et al. 2018, §2 and §4, for the bounds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from refsem.ir.terms import Relation, Term, equal, substitute, term, variables
from refsem.rounding import Format, Mode, power_of_two
from refsem.rules.rule import Side

NEAREST = (Mode.RNE, Mode.RNA)
DIRECTED = (Mode.RTP, Mode.RTN, Mode.RTZ)
EVERY = (*NEAREST, *DIRECTED)

x, y, t, r, p, d, n = variables("x y t r p d n")
unit, least, step, power = variables("unit least step power")


class Range(Enum):
    """What an input may be."""

    REAL = "any real number"
    VALUE = "a value of the format"


@dataclass(frozen=True, slots=True)
class Result:
    """A variable that stands for fl(argument), in the property's mode or in one of its own."""

    variable: Term
    argument: Term
    mode: Mode | None = None


@dataclass(frozen=True, slots=True)
class Property:
    """For all inputs that meet the premises, the conclusion holds of the results.

    The conclusion is linear in real inputs between values, midpoints and 0. `exponents` says that
    it holds for every e at which 2^e is a normal value, with `power` and `step` as they are there.
    """

    name: str
    modes: tuple[Mode, ...]
    inputs: Mapping[str, Range]
    results: tuple[Result, ...]
    premises: tuple[Relation, ...]
    conclusion: Relation
    because: str
    argument: str
    """Why it holds in every binary format."""
    exponents: bool = False

    def side(self, name: str, **terms: Term) -> Side:
        """The conclusion as a side of a rule, about these terms: the named results round them."""
        left, right = (
            substitute(one, terms) for one in (self.conclusion.left, self.conclusion.right)
        )
        return Side(name, Relation(self.conclusion.comparison, left, right), because=self.because)


def constants(format_: Format, mode: Mode, exponent: int | None) -> dict[str, Term]:
    """The values of unit and least, and of power and step at an exponent, in a format and mode."""
    nearest = mode in NEAREST
    half = 1 if nearest else 0
    found = {
        "unit": term(power_of_two(1 - format_.precision - half)),
        "least": term(power_of_two(format_.least_quantum - half)),
    }
    if exponent is not None:
        quantum = max(exponent - format_.precision, format_.least_quantum)
        found["power"] = term(power_of_two(exponent))
        found["step"] = term(power_of_two(quantum - half))
    return found


_ONE = {"t": Range.REAL}
_VALUES = {"x": Range.VALUE, "y": Range.VALUE}

monotone = Property(
    "monotone",
    EVERY,
    {"x": Range.REAL, "y": Range.REAL},
    (Result(r, x), Result(p, y)),
    (x <= y,),
    r <= p,
    because="rounding keeps the order",
    argument="each mode's set of reals that round to a value is an interval around it, and these "
    "follow each other in the order of the values",
)
keeps_values = Property(
    "keeps_values",
    EVERY,
    {"x": Range.VALUE},
    (Result(r, x),),
    (),
    equal(r, x),
    because="a value of the format rounds to itself",
    argument="a value is its own nearest value, and the greatest one not above it and the least "
    "one not below it",
)
below = Property(
    "below",
    (Mode.RTN,),
    _ONE,
    (Result(r, t),),
    (),
    r <= t,
    because="rounding down does not increase",
    argument="by definition the result is the greatest value not above t",
)
above = Property(
    "above",
    (Mode.RTP,),
    _ONE,
    (Result(r, t),),
    (),
    t <= r,
    because="rounding up does not decrease",
    argument="by definition the result is the least value not below t",
)
not_below_down = Property(
    "not_below_down",
    EVERY,
    _ONE,
    (Result(r, t), Result(d, t, Mode.RTN)),
    (),
    d <= r,
    because="no mode rounds below rounding down",
    argument="the result of every mode is a value next to t or t itself; the lesser of the two "
    "neighbours is rd(t)",
)
not_above_up = Property(
    "not_above_up",
    EVERY,
    _ONE,
    (Result(r, t), Result(p, t, Mode.RTP)),
    (),
    r <= p,
    because="no mode rounds above rounding up",
    argument="as for not_below_down, with the greater neighbour",
)
toward_zero = Property(
    "toward_zero",
    (Mode.RTZ,),
    _ONE,
    (Result(r, t),),
    (),
    abs(r) <= abs(t),
    because="rounding toward zero does not increase the size",
    argument="by definition the result is a value of greatest size not above that of t",
)
odd = Property(
    "odd",
    (*NEAREST, Mode.RTZ),
    _ONE,
    (Result(r, t), Result(n, -t)),
    (),
    equal(n, -r),
    because="the mode does not look at the sign",
    argument="the values are symmetric about 0, and so are the definitions of these modes",
)
mirrored = Property(
    "mirrored",
    (Mode.RTN,),
    _ONE,
    (Result(r, t), Result(p, -t, Mode.RTP)),
    (),
    equal(p, -r),
    because="rounding up mirrors rounding down",
    argument="the values are symmetric about 0, and ≤ becomes ≥ when both signs change",
)
error = Property(
    "error",
    EVERY,
    _ONE,
    (Result(r, t),),
    (),
    abs(r - t) <= unit * abs(t) + least,
    because="the error is at most unit·|t|, or least where t is subnormal",
    argument="from 2^e to 2^(e+1) neighbours are 2^(e−p+1) apart: step_nearest and step_directed, "
    "with o = 2^e and twice the unit, or the unit, as the relative distance; below the "
    "least normal value they are 2·least, or least, apart",
)
error_below_power = Property(
    "error_below_power",
    EVERY,
    _ONE,
    (Result(r, t),),
    (abs(t) <= power,),
    abs(r - t) <= step,
    because="below 2^e values are no further apart than a fixed step",
    argument="up to 2^e, a value itself, neighbours are at most 2^(e−p) apart, and no result is "
    "further than half of that, or than that, from t",
    exponents=True,
)
sum_error = Property(
    "sum_error",
    EVERY,
    _VALUES,
    (Result(r, x + y),),
    (),
    abs(r - (x + y)) <= unit * abs(x + y),
    because="a sum of two values is a multiple of the least one: subnormal sums are exact",
    argument="both values are multiples of the least subnormal one, so their sum is: where it is "
    "below the least normal value it is a value, and from there on `error` holds without "
    "least",
)
sterbenz = Property(
    "sterbenz",
    EVERY,
    _VALUES,
    (Result(r, x - y),),
    (x <= 2 * y, y <= 2 * x),
    equal(r, x - y),
    because="the difference of values within a factor of two is a value (Sterbenz)",
    argument="x − y is a multiple of the lesser quantum of the two, and no larger than the lesser "
    "of them, whose significand has room for it (Sterbenz 1974)",
)
doubling = Property(
    "doubling",
    EVERY,
    {"x": Range.VALUE},
    (Result(r, 2 * x),),
    (),
    equal(r, 2 * x),
    because="twice a value is a value",
    argument="doubling moves the exponent of a normal value, and a subnormal one is a multiple of "
    "the least that stays below twice the least normal value",
)

PROPERTIES = (
    monotone,
    keeps_values,
    below,
    above,
    not_below_down,
    not_above_up,
    toward_zero,
    odd,
    mirrored,
    error,
    error_below_power,
    sum_error,
    sterbenz,
    doubling,
)
