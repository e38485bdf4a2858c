"""The one error for input that is not what it claims to be.

Whatever a person hands in (a model, a property, a bounds file, an option) and that cannot be
accepted raises `InputError`. The command line prints it as one line and exits with status 3.
Defects of refsem itself are ordinary Python exceptions and keep their traceback.
"""

from dataclasses import dataclass


@dataclass(eq=False)
class InputError(Exception):
    """Input refused: which file, where in it, and what was expected there."""

    file: str
    place: str
    message: str

    def __str__(self) -> str:
        """One line: file, place and message."""
        return ": ".join(part for part in (self.file, self.place, self.message) if part)
