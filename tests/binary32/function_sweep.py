"""The elementary functions of the model against MPFR on 10^7 seeded operands, flags included.

    PYTHONPATH=tests python tests/binary32/function_sweep.py RECORD

Operands are finite and not zero, of any exponent as likely as any other, or where the function is
neither flat nor out of its domain; modes take turns by piece.
"""

import sys
from functools import partial
from pathlib import Path
from random import Random

import recorded
from mpfr_functions import ORACLES, expected

from refsem.binary32.catalogue import BY_NAME, Call
from refsem.rounding import RISCV, Mode

NAMES = (*ORACLES, "sigmoid")
SAMPLES = 10_000
PIECES = 50
"""For each of the twenty functions."""
LARGEST = 0x42C80000
"""100: beyond it sigmoid and most others are flat."""


def operand(source: Random, name: str) -> int:
    """A finite non-zero pattern; of sigmoid only moderate ones can be asked of MPFR."""
    moderate = name == "sigmoid" or source.randrange(4) != 0
    fields = (100, 132) if moderate else (0, 254)
    magnitude = source.randint(*fields) << 23 | source.getrandbits(23)
    magnitude = min(magnitude, LARGEST) if name == "sigmoid" else magnitude
    domain = name in {"log", "log2", "log10", "rsqrt"}
    sign = 0 if domain and source.randrange(16) else source.getrandbits(1)
    return sign << 31 | max(magnitude, 1)


def differences(name: str, piece: int) -> tuple[int, list[str]]:
    """How many operands of a piece are asked, and those on which the two differ."""
    source = Random(f"{name} {piece}")  # noqa: S311  repeatable, not secret
    mode = list(Mode)[piece % len(Mode)]
    drawn = [operand(source, name) for _ in range(SAMPLES)]
    return SAMPLES, [
        f"{bits:08X} {mode.value}"
        for bits in drawn
        if BY_NAME[name].evaluate(Call(mode, (bits,), True, RISCV)) != expected(name, mode, bits)
    ]


SWEEP = {name: partial(differences, name) for name in NAMES}

if __name__ == "__main__":
    recorded.run(Path(sys.argv[1]), SWEEP, range(PIECES))
    print(recorded.summary(Path(sys.argv[1])))  # noqa: T201
