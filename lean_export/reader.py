"""One run of Lean on one file: its messages, and how it ended.

Lean is asked for one JSON object a line. It is given a working folder that holds the file and
everything the file imports, and so many seconds. Lean reports errors in its messages and by its
exit status; a run that says nothing and fails is a failure too.
"""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from lean_export.loader import FOLDERS_VARIABLE
from lean_export.toolchain import Lean


@dataclass(frozen=True, slots=True)
class Message:
    """Something Lean says about a line."""

    line: int
    severity: str
    kind: str
    text: str

    @property
    def is_sorry(self) -> bool:
        """Whether it says that a declaration is not proved."""
        return self.kind == "hasSorry" or "declaration uses `sorry`" in self.text


@dataclass(frozen=True, slots=True)
class Run:
    """What came of one run; `failure` is empty unless Lean itself failed."""

    messages: tuple[Message, ...]
    failure: str


def read(lean: Lean, folder: Path, module: str, seconds: float, *, compiled: bool = True) -> Run:
    """What Lean says of a module of a folder; a compiled form is left beside it if asked for."""
    source = f"{module.replace('.', '/')}.lean"
    output_option = ("-o", source.replace(".lean", ".olean")) if compiled else ()
    folders = [str(folder), *([str(lean.home)] if lean.home else [])]
    environment = {
        **os.environ,
        "LEAN_PATH": str(folder),
        FOLDERS_VARIABLE: json.dumps(folders),
    }
    said, complained = (folder / f"{module}.{name}" for name in ("stdout", "stderr"))
    try:
        with said.open("wb") as output, complained.open("wb") as errors:
            done = subprocess.run(  # noqa: S603  our own arguments, no shell
                (*lean.command, "--json", *output_option, source),
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                timeout=seconds,
                check=False,
            )
    except subprocess.TimeoutExpired:
        return Run(messages(said.read_text("utf-8", "replace")), f"stopped after {seconds:.0f} s")
    except OSError as error:
        return Run((), f"{lean.command[0]} cannot be run: {error.strerror}")
    found = messages(said.read_text("utf-8", "replace"))
    if done.returncode == 0 or any(message.severity == "error" for message in found):
        return Run(found, "")
    *_, last = ["", *complained.read_text("utf-8", "replace").strip().split("\n")]
    why = f"exit status {done.returncode} without an error message"
    return Run(found, f"{why}: {last[:200]}" if last else why)


def messages(output: str) -> tuple[Message, ...]:
    """The messages among the lines of Lean's output."""
    found = []
    for line in output.split("\n"):
        if line.startswith("{"):
            try:
                content = json.loads(line)
                found.append(
                    Message(
                        int(content["pos"]["line"]),
                        str(content["severity"]),
                        str(content.get("kind", "")),
                        str(content["data"]),
                    )
                )
            except (ValueError, KeyError, TypeError):
                continue
    return tuple(found)
