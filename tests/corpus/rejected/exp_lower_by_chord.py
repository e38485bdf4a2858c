"""A chord used as a tangent: e^x lies below its chords inside the box."""

from refsem.ir.operators import Op
from refsem.rules import function_facts as facts
from refsem.rules import lines

VARIANT_OF = "exp_lower"
REFUTED_BY = "exp_lower_by_chord/sound/lower"

RULE = lines.below_chord("exp_lower_by_chord", Op.EXP, facts.exp_chord, facts.exp_monotone, ())
