"""How facts about functions are written: premises that recur, and facts of a shape.

Legend: as in `refsem.rules.shapes`.
"""

from refsem.exact.functions import Function
from refsem.ir.derivatives import slope
from refsem.ir.terms import Relation, Term, variables
from refsem.rules.facts import Assumption, Fact, Shape, Voucher
from refsem.rules.shapes import statement, variables_of

k, l, u, x, y = variables("k l u x y")


def left(*points: Term) -> tuple[Assumption, ...]:
    """The premises that points are not right of 0."""
    return tuple(Assumption(f"{point.head}_left", point <= 0) for point in points)


def right(*points: Term) -> tuple[Assumption, ...]:
    """The premises that points are not left of 0."""
    return tuple(Assumption(f"{point.head}_right", point >= 0) for point in points)


def positive(*points: Term) -> tuple[Assumption, ...]:
    """The premises that points are right of 0."""
    return tuple(Assumption(f"{point.head}_positive", point > 0) for point in points)


ORDERED = (Assumption("in_order", x <= y),)


def between_steep_ends(function: Function) -> tuple[Assumption, ...]:
    """The premises of a least slope: l ≤ x ≤ y ≤ u, and k is at most the slope at l and at u."""
    return (
        Assumption("starts", l <= x),
        Assumption("in_order", x <= y),
        Assumption("ends", y <= u),
        Assumption("steep_at_lower_end", k <= slope(function, l)[0]),
        Assumption("steep_at_upper_end", k <= slope(function, u)[0]),
    )


BETWEEN = (Assumption("lower_end", l <= x), Assumption("upper_end", x <= u))


_CONVEX = "a convex function lies above its tangents and below its chords"
_CONCAVE = "a concave function lies below its tangents and above its chords"
_NEARLY_STRAIGHT = "the second derivative lies between −1 and 1 (Taylor)"
_RISES_THEN_FALLS = (
    "the derivative rises, then falls: between two points it is least at one of them"
)
_BECAUSE = {
    Shape.MONOTONE: "the derivative is positive",
    Shape.STEEPNESS: "the derivative lies between −1 and 1",
    Shape.TANGENT_BELOW: _CONVEX,
    Shape.CHORD_ABOVE: _CONVEX,
    Shape.TANGENT_ABOVE: _CONCAVE,
    Shape.CHORD_BELOW: _CONCAVE,
    Shape.LEAST_SLOPE: _RISES_THEN_FALLS,
    Shape.PARABOLA_BELOW: _NEARLY_STRAIGHT,
    Shape.PARABOLA_ABOVE: _NEARLY_STRAIGHT,
}


def shaped(
    function: Function, what: str, shape: Shape, premises: tuple[Assumption, ...], source: str
) -> Fact:
    """A fact that its shape states, checked where it is used."""
    return Fact(
        name=f"{function.value}_{what}",
        function=function,
        shape=shape,
        variables=variables_of(shape),
        premises=premises,
        conclusion=statement(shape, function),
        voucher=Voucher.BALL,
        because=_BECAUSE[shape],
        source=source,
    )


def stated(
    function: Function,
    what: str,
    shape: Shape,
    premises: tuple[Assumption, ...],
    conclusion: Relation,
    because: str,
) -> Fact:
    """A fact about one value, which rests on its statement."""
    return Fact(
        name=f"{function.value}_{what}",
        function=function,
        shape=shape,
        variables=(x,),
        premises=premises,
        conclusion=conclusion,
        voucher=Voucher.STATED,
        because=because,
        source="the definition of the function",
    )
