"""The interval of hard-sigmoid where its alpha may be negative.

The function falls then, and its values at the ends are exchanged.
"""

from dataclasses import replace

from refsem.rules import BY_NAME

VARIANT_OF = "hard_sigmoid_interval"
REFUTED_BY = "hard_sigmoid_interval_falling/sound/lower"

RIGHT = BY_NAME[VARIANT_OF]
RULE = replace(RIGHT, name="hard_sigmoid_interval_falling", sides=RIGHT.sides[:2])
