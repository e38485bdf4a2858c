"""The five rounding directions of IEEE 754-2019, each defined by an inequality.

Throughout, q is the exact rational, F the finite values of the format, M its greatest finite
value and T = 2^(emax+1) the power of two just beyond M. `refsem.rounding.specification` turns
these sentences into a decidable relation; `refsem.rounding.function` computes.

There is no current mode and no default one: a mode is always an explicit argument.
"""

from enum import Enum


class Mode(Enum):
    """A rounding direction; the sign of a non-zero q is kept by every one of them."""

    RNE = "RNE"
    """Nearest, ties to even: |v − q| ≤ |w − q| for all w in F ∪ {±T}, equality only if v is even.

    T counts as even, and choosing ±T delivers ±∞.
    """

    RNA = "RNA"
    """Nearest, ties away: |v − q| ≤ |w − q| for all w in F ∪ {±T}, equality only if |w| ≤ |v|.

    Choosing ±T delivers ±∞.
    """

    RTP = "RTP"
    """Toward +∞: the least v in F ∪ {+∞} with q ≤ v."""

    RTN = "RTN"
    """Toward −∞: the greatest v in F ∪ {−∞} with v ≤ q."""

    RTZ = "RTZ"
    """Toward zero: the v in F of greatest magnitude with |v| ≤ |q| and the sign of q."""
