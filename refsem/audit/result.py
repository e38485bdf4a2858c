"""VNN-COMP's result: one word, and for `sat` the counterexample as an assignment of X and Y.

`unsat` says that the property holds, `sat` that it is violated; `timeout` and `unknown` say
nothing about it. Values are plain decimals that denote the exact point (`(/ p q)` where no
decimal does, as SMT-LIB writes it); outputs of a network that applies a named function are
rounded to 20 digits, for no decimal is exact. The tolerant result is of the widened property,
VNN-COMP's 1e-4 taken exactly.

Source: the rules of VNN-COMP 2022 and later, section on counterexamples.
"""

from gmpy2 import mpq

from refsem.audit.display import decimal, decimal_places, finite_decimal
from refsem.audit.findings import NetworkAudit, Verdict, Witness

_DIGITS = 20


def exact_result(audit: NetworkAudit) -> str:
    """The result in real arithmetic, without any tolerance."""
    return _result(audit, audit.verdict, audit.witness())


def tolerant_result(audit: NetworkAudit) -> str:
    """The result of the property with every box and constraint widened by 1e-4."""
    return _result(audit, audit.tolerant, audit.tolerant_point)


def _result(audit: NetworkAudit, verdict: Verdict, point: Witness | None) -> str:
    match verdict:
        case Verdict.HOLDS:
            return "unsat\n"
        case Verdict.UNDECIDED:
            late = any(r.branched is not None and r.branched.late for r in audit.regions)
            return "timeout\n" if late else "unknown\n"
        case Verdict.VIOLATED:
            if point is None:
                raise AssertionError("violated without a counterexample")
            return f"sat\n{_assignment(point)}\n"


def _assignment(point: Witness) -> str:
    inputs = [f"(X_{i} {_text(value)})" for i, value in enumerate(point.inputs)]
    rounded = point.error > 0
    outputs = [
        f"(Y_{i} {decimal(value, _DIGITS) if rounded else _text(value)})"
        for i, value in enumerate(point.outputs)
    ]
    return "(" + "\n".join([*inputs, *outputs]) + ")"


def _text(value: mpq) -> str:
    """The value exactly."""
    places = decimal_places(value)
    if places is not None:
        return finite_decimal(value, places)
    sign, size = ("-", -value) if value < 0 else ("", value)
    return f"(/ {sign}{size.numerator} {size.denominator})"
