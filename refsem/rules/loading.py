"""Rules read from a file that somebody wrote: trusted Python, which is executed.

A rule file is a Python module whose module-level values include `Rule`s. Loading it runs it, with
everything that the running user may do: it is code, not data. It is compiled from its text each
time, never from a bytecode cache, so what is judged is what the file says now.

Not here: the catalogue, which is imported as any module is.
"""

import traceback
from pathlib import Path
from types import CodeType, ModuleType

from refsem.errors import InputError
from refsem.rules.catalogue import CATALOGUE
from refsem.rules.rule import Rule


def load_rules(path: Path) -> tuple[Rule, ...]:
    """The rules a Python file defines at module level, in order; the file is executed.

    A rule under two names counts once; a rule that the file only imports from the catalogue is
    not its own. `InputError` for a file that cannot be read, is not Python, raises while it runs
    (an ill-formed rule does), defines no rule, or names two rules alike.
    """
    module = ModuleType(path.stem)
    module.__file__ = str(path)
    _execute(path, _compiled(path), module)
    ours = {id(rule) for rule in CATALOGUE}
    rules: dict[int, Rule] = {
        id(value): value
        for value in vars(module).values()
        if isinstance(value, Rule) and id(value) not in ours
    }
    if not rules:
        raise InputError(str(path), "", "no rule is defined at module level")
    named: set[str] = set()
    for rule in rules.values():
        if rule.name in named:
            raise InputError(str(path), "", f"two rules are named {rule.name!r}")
        named.add(rule.name)
    return tuple(rules.values())


def _compiled(path: Path) -> CodeType:
    try:
        return compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
    except OSError as error:
        raise InputError(str(path), "", error.strerror or "cannot be read") from error
    except SyntaxError as error:
        raise InputError(str(path), _place(error.lineno), f"not Python: {error.msg}") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise InputError(str(path), "", f"not Python: {error}") from error


def _execute(path: Path, code: CodeType, module: ModuleType) -> None:
    try:
        exec(code, vars(module))  # noqa: S102  a rule file is trusted, as its docstring says
    except (Exception, SystemExit) as error:
        lines = [
            frame.lineno
            for frame in traceback.extract_tb(error.__traceback__)
            if frame.filename == str(path)
        ]
        message = " ".join(f"{type(error).__name__}: {error}".split())
        raise InputError(str(path), _place(lines[-1] if lines else None), message) from error


def _place(line: int | None) -> str:
    return f"line {line}" if line else ""
