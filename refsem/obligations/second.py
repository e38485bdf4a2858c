"""The second solver: cvc5 is asked what z3 called unsatisfiable, where it is installed.

It reads the very question that z3 answered, as SMT-LIB text. Its word is recorded beside z3's and
believed as little: two that agree are still an opinion, two that do not are shown as undecided.
"""

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec


@dataclass(frozen=True, slots=True)
class Word:
    """What the second solver said: its name and version, and `unsat`, `sat` or `unknown`."""

    solver: str
    answer: str


@dataclass(frozen=True, slots=True)
class NotInstalled:
    """There is no second solver here."""


def installed() -> bool:
    """Whether cvc5 can be imported."""
    return find_spec("cvc5") is not None


def ask(text: str, resources: int) -> Word | NotInstalled:
    """cvc5's answer to a question in SMT-LIB; `unknown` also where it cannot read it."""
    if not installed():
        return NotInstalled()
    cvc5 = import_module("cvc5")
    solver = cvc5.Solver(cvc5.TermManager())
    solver.setOption("rlimit", str(resources))
    solver.setLogic("ALL")
    parser = cvc5.InputParser(solver)
    parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, text, "question")
    said = ""
    try:
        while not (command := parser.nextCommand()).isNull():
            said += command.invoke(solver, parser.getSymbolManager())
    except RuntimeError:
        said = ""
    words = said.split()
    answer = words[-1] if words and words[-1] in {"unsat", "sat"} else "unknown"
    return Word(f"cvc5 {cvc5.__version__}", answer)
