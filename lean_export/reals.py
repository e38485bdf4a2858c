"""The target `mathlib`: the theorems of a project over Mathlib's real numbers. Unchecked.

One more file restates each theorem with ℝ for the ordered field and hands it to the theorem of the
core: what Lean has to find is that ℝ has the core's classes. No Lean here has read it, for Mathlib
is not to be had here; it says so itself. Facts about functions stay hypotheses.
"""

from collections.abc import Iterable

from lean_export.files import HEADER
from lean_export.interval_boxes import SCALE
from lean_export.proofs import Proof
from lean_export.run_text import hanging, scale_text
from lean_export.runs import RegionRun, RunProject, TreeRun
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


def reals_text(theorems: Iterable[Theorem], run: RunProject | None = None) -> str:
    """The file: the classes, every closed theorem of a rule, and every theorem of a run."""
    runs = () if run is None else (*map(_bounds, run.regions), *map(_holds, run.trees))
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
        *(line for stated in runs for line in stated),
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


def _bounds(region: RegionRun) -> tuple[str, ...]:
    space = region.namespace
    return (
        "",
        f"theorem {_short(space)}_output_bounds (x : List ℝ)",
        f"    (inside0 : InBox {scale_text(region.start.scale)} {space}.inputBox x) :",
        f"    InBox {scale_text(SCALE)} {space}.outputBox (eval {space}.network x) :=",
        f"  {space}.output_bounds x inside0",
    )


def _holds(tree: TreeRun) -> tuple[str, ...]:
    space = tree.namespace
    return (
        "",
        f"theorem {_short(space)}_property_holds (x : List ℝ)",
        f"    (inside : InBox {scale_text(tree.start.scale)} {space}.inputBox x) :",
        f"    Safe {space}.cases x (eval {space}.network x) :=",
        f"  {space}.property_holds x inside",
    )


def _short(namespace: str) -> str:
    return namespace.rpartition(".")[2].lower()
