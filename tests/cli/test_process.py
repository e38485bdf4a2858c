"""The command line as a process of its own: streams, statuses, a terminal, a pipe that closes."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import Files

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "refsem"]


def process(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "PYTHONWARNINGS": "error", **environment},
        timeout=120,
    )


def test_a_violated_property_is_status_1_with_json_alone(files: Files) -> None:
    found = process("audit", files.model, files.properties["violated"], "--json", "--method", "ibp")
    assert (found.returncode, found.stderr) == (1, "")
    assert json.loads(found.stdout)["verdict"] == "violated"


def test_bad_input_is_status_3_with_one_line(files: Files) -> None:
    found = process("audit", files.folder / "absent.onnx", files.properties["holds"], "--json")
    assert (found.returncode, found.stdout) == (3, "")
    assert found.stderr == f"refsem: {files.folder / 'absent.onnx'}: no such file\n"


def test_the_installed_script_is_the_same_command(files: Files) -> None:
    script = Path(sys.executable).parent / "refsem"
    if not script.exists():
        pytest.skip("refsem is not installed beside this Python")
    found = subprocess.run(
        [script, "audit", files.model, files.properties["undecided"], "--method", "ibp"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (found.returncode, found.stderr) == (2, "")
    assert found.stdout.startswith("model.onnx over undecided.vnnlib: ibp bounds\nUNDECIDED")


def test_on_a_terminal_progress_stays_on_standard_error(files: Files) -> None:
    main_end, terminal = pty.openpty()
    try:
        found = subprocess.run(
            [
                *COMMAND,
                "audit",
                files.model,
                files.properties["holds"],
                "--json",
                "--method",
                "ibp",
            ],
            stdout=subprocess.PIPE,
            stderr=terminal,
            check=False,
            timeout=120,
            env={**os.environ, "TERM": "xterm"},
        )
        os.close(terminal)
        try:
            shown = os.read(main_end, 65_536)
        except OSError:  # nothing was written before the terminal closed
            shown = b""
    finally:
        os.close(main_end)
    assert found.returncode == 0
    assert json.loads(found.stdout)["verdict"] == "holds"
    assert b"\x1b" in shown


def test_a_reader_that_goes_away_gets_no_traceback(files: Files) -> None:
    command = subprocess.Popen(
        [*COMMAND, "show", str(files.model)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert command.stdout is not None
    assert command.stderr is not None
    command.stdout.close()
    errors = command.stderr.read()
    command.stderr.close()
    assert command.wait(timeout=120) != 0
    assert b"Traceback" not in errors


def test_a_plain_ascii_stream_gets_no_traceback(files: Files) -> None:
    found = process("show", files.model, PYTHONIOENCODING="ascii")
    assert (found.returncode, found.stderr) == (0, "")
    assert r"1\xd72" in found.stdout
    asked = "show", files.model, "--json"
    assert process(*asked, PYTHONIOENCODING="ascii").stdout == process(*asked).stdout
