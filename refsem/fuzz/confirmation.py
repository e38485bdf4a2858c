"""An order confirmed: evaluated exactly and run by the kernel, it gives the target's bits.

This is what a measured order rests on; how it was found plays no part. Operands are finite, random
and seeded: of like size, of sizes far apart, and cancelling.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from refsem.fuzz.kernel_order import NotInKernel, kernel_tree
from refsem.fuzz.orders import Order, evaluate
from refsem.kernel.loops import Array
from refsem.kernel.reductions import reduce_dot, reduce_sum
from refsem.rounding import BINARY16, RISCV, Mode

Products = Callable[[Array, Array], np.float32]
"""The target: the sum of x[i]·y[i] on binary32 arrays (a plain sum ignores y)."""

SPREADS = (0, 12, 30)
"""How far exponents lie from 0 in the random operands of a confirmation, in turn."""
_SEED = 2411


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Operands on which the target and an order differ."""

    x: tuple[int, ...]
    y: tuple[int, ...]
    got: int
    expected: int


@dataclass(frozen=True, slots=True)
class Measured:
    """An order, and on how many random operands it gave the target's bits."""

    order: Order
    trials: int
    mismatch: Mismatch | None
    in_kernel: bool
    """Whether the kernel ran the order too, with the same bits."""

    @property
    def confirmed(self) -> bool:
        """Whether the order gave the target's bits throughout."""
        return self.mismatch is None


def confirm(target: Products, order: Order, trials: int, *, products: bool) -> Measured:
    """The order beside the target on random finite operands of several kinds, seeded.

    It is evaluated exactly, and run by the kernel where that has its steps; `ArithmeticError` if
    these two differ, which would be a defect of refsem.
    """
    random = np.random.Generator(np.random.PCG64([_SEED, len(order.terms)]))
    narrow = any(total.format_ == BINARY16 for total in order.sums)
    rows: list[tuple[Array, Array]] = []
    results: list[int] = []
    for trial in range(trials):
        spread = 2 if narrow else SPREADS[trial % len(SPREADS)]
        x, y = _operands(random, len(order.terms), spread, products=products)
        if trial % 2:
            _cancel(x, y)
        bits = x.view(np.uint32), y.view(np.uint32)
        expected = evaluate(order, bits[0].tolist(), bits[1].tolist())
        got = int(np.asarray(target(x, y), np.float32).view(np.uint32))
        if got != expected:
            mismatch = Mismatch(tuple(bits[0].tolist()), tuple(bits[1].tolist()), got, expected)
            return Measured(order, trial, mismatch, in_kernel=False)
        rows.append(bits)
        results.append(expected)
    in_kernel = _confirmed_in_kernel(order, rows, results, products=products)
    return Measured(order, trials, None, in_kernel)


def _confirmed_in_kernel(
    order: Order, rows: list[tuple[Array, Array]], results: list[int], *, products: bool
) -> bool:
    """Whether the kernel has the steps of the order; it then gives the results."""
    tree = kernel_tree(order)
    if isinstance(tree, NotInKernel) or not rows:
        return False
    x, y = (np.stack([row[side] for row in rows]) for side in (0, 1))
    if products:
        got, _ = reduce_dot(Mode.RNE, x, y, tree, RISCV)
    else:
        got, _ = reduce_sum(Mode.RNE, x, tree, RISCV)
    if got.tolist() != results:
        raise ArithmeticError(f"the kernel and the model differ on {order}")
    return True


def _operands(
    random: np.random.Generator, count: int, spread: int, *, products: bool
) -> tuple[Array, Array]:
    """Operands whose exponents lie within the spread around 0."""

    def numbers() -> Array:
        significands = random.integers(1 << 23, 1 << 24, count).astype(np.float64)
        exponents = random.integers(-spread, spread + 1, count) - 23
        signs = random.choice([-1.0, 1.0], count)
        return (signs * significands * 2.0**exponents).astype(np.float32)

    return numbers(), numbers() if products else np.ones(count, np.float32)


def _cancel(x: Array, y: Array) -> None:
    """Let the later half of the products cancel the earlier one."""
    middle = x.size // 2
    x[x.size - middle :], y[y.size - middle :] = -x[:middle], y[:middle]
