"""The hand-written Lean files: which a project needs, and which of their theorems are announced.

Every theorem of every file is checked; those listed here are what there is to read, and it is an
error if one of them is gone. Those about binary32 stand beside the whole catalogue only.
"""

from collections.abc import Mapping

from lean_export.theorems import Status

RULE_CORE = tuple(f"Refsem/{name}.lean" for name in ("Basic", "Polynomial", "Algebra", "Program"))
"""The hand-written files on which theorems of rules rest."""

KERNEL_CORE = (
    "Refsem/Network.lean",
    "Refsem/Rounding.lean",
    "Refsem/Binary32.lean",
    "Refsem/Kernel.lean",
    *(
        f"Refsem/Kernel/{name}.lean"
        for name in ("Modes", "Grid", "Stands", "Window", "Delivery", "Sums", "Places")
    ),
    "Refsem/Arithmetic.lean",
    "Refsem/Quotients.lean",
    "Refsem/Roots.lean",
    "Refsem/Specials.lean",
    "Refsem/Consequences.lean",
    "Refsem/Standard.lean",
    "Refsem/Reductions.lean",
)
"""What is proved of rounding, of binary32 and of the kernel."""

WHOLE_CORE = (*RULE_CORE, *KERNEL_CORE)
"""The hand-written files beside the whole catalogue."""

_ANNOUNCED = (
    *("bracket", "standard_model", "Tree.error", "representable_sub", "truncate_roundsDown"),
    *("Kernel.rounds_unique", "Kernel.deliver_delivered", "Kernel.delivered_exact"),
    *("Kernel.delivered_bracket", "Kernel.sub_exact", "Kernel.delivered_relative_error"),
    *("Kernel.add_relative_error", "Kernel.reduction_error", "Kernel.div_by_zero"),
    *(f"Kernel.{name}_zero_sign" for name in ("add", "mul", "fma", "div")),
    *(f"Kernel.{name}_infinite" for name in ("add", "mul", "fma", "div", "sqrt")),
    *(f"Kernel.{name}_invalid" for name in ("add", "mul", "fma", "div", "sqrt")),
    *(f"Kernel.nan_{name}" for name in ("add", "mul", "fma", "div", "sqrt")),
    *(f"Kernel.{name}_delivered" for name in ("add", "sub", "mul", "fma", "div", "sqrt")),
)

CORE_THEOREMS: Mapping[str, Status] = {f"Refsem.{name}": Status.CLOSED for name in _ANNOUNCED}
"""What is announced of the hand-written files beside the whole catalogue."""
