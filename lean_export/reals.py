"""The target `mathlib`: the theorems of a project over Mathlib's real numbers. Unchecked.

One more file restates each theorem with ℝ for the ordered field and hands it to the theorem of the
core: what Lean has to find is that ℝ has the core's classes. No Lean here has read it, for Mathlib
is not to be had here; it says so itself. Facts about functions stay hypotheses.
"""

from collections.abc import Iterable

from lean_export.files import HEADER
from lean_export.interval_boxes import IntegerBox
from lean_export.proofs import Proof
from lean_export.run_text import hanging, scale_text
from lean_export.statements import Shape, arguments, signature
from lean_export.theorems import Theorem

PATH = "RefsemReals.lean"
LAKEFILE = "lakefile.toml"
UNCHECKED = "UNCHECKED: this needs Mathlib, and no Lean has read it."

_LAKE = """
[[lean_lib]]
name = "RefsemReals"

[[require]]
name = "mathlib"
scope = "leanprover-community"
rev = "v4.28.0"
"""

_CLASSES = (
    "Lean.Grind.Field ℝ",
    "Lean.Grind.OrderedRing ℝ",
    "Std.LawfulOrderLT ℝ",
    "Std.IsLinearOrder ℝ",
    "Std.LawfulOrderMin ℝ",
    "Std.LawfulOrderMax ℝ",
)


def lakefile(core: str) -> str:
    """The lakefile of the core with this target's library and Mathlib."""
    return core + _LAKE


def reals_text(theorems: Iterable[Theorem], runs: Iterable[tuple[str, IntegerBox]]) -> str:
    """The file: the classes, every closed theorem of a rule, and every run's theorem.

    A run is given by its namespace and its input box.
    """
    lines = (
        *HEADER,
        "import Mathlib.Data.Real.Basic",
        "import Refsem",
        "",
        "/-!",
        "# The theorems over the real numbers",
        "",
        UNCHECKED,
        "-/",
        "",
        "namespace Refsem.Reals",
        "",
        "set_option linter.unusedVariables false",
        "",
        *(f"noncomputable example : {one} := inferInstance" for one in _CLASSES),
        *(line for theorem in theorems for line in _restated(theorem)),
        *(line for run in runs for line in _run(*run)),
        "",
        "end Refsem.Reals",
    )
    return "\n".join(lines) + "\n"


def _restated(theorem: Theorem) -> tuple[str, ...]:
    """A theorem over ℝ; what is about rational points stays as it is in the core."""
    stated = theorem.statement
    if not isinstance(theorem.proof, Proof) or stated.shape is not Shape.IMPLICATION:
        return ()
    *head, last = (line.replace("α", "ℝ") for line in signature(stated))
    by = f"  Refsem.{stated.name} {arguments(stated)}".rstrip()
    return ("", *head, f"{last} :=", *hanging(by))


def _run(namespace: str, start: IntegerBox) -> tuple[str, ...]:
    short = namespace.rpartition(".")[2].lower()
    return (
        "",
        f"theorem {short}_output_bounds (x : List ℝ)",
        f"    (inside0 : InBox {scale_text(start.scale)} {namespace}.inputBox x) :",
        f"    InBox {scale_text(2**40)} {namespace}.outputBox (eval {namespace}.network x) :=",
        f"  {namespace}.output_bounds x inside0",
    )
