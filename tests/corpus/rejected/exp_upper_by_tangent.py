"""A tangent used as a chord: e^x lies above its tangents, never below."""

from refsem.ir.operators import Op, meaning
from refsem.rules import function_facts as facts
from refsem.rules import lines

VARIANT_OF = "exp_upper"
REFUTED_BY = "exp_upper_by_tangent/sound/upper"

RULE = lines.above_tangent(
    "exp_upper_by_tangent", Op.EXP, facts.exp_tangent, meaning(Op.EXP, lines.t), ()
)
