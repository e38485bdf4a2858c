"""`refsem hunt` as a person runs it: statuses, keys, programs, and producers that misbehave."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from gmpy2 import mpq

from refsem.binary32.catalogue import Kind
from refsem.cli import main
from refsem.errors import InputError
from refsem.hunt.campaign import Plan, run_batch
from refsem.hunt.producer import load_producer
from refsem.hunt.workers import BatchRequest, start

Hunt = Callable[..., subprocess.CompletedProcess[str]]
HERE = Path(__file__).parent


@pytest.fixture
def hunt() -> Hunt:
    def run(target: str, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "refsem", "hunt", target, *words]
        return subprocess.run(
            command, cwd=HERE, capture_output=True, text=True, check=False, timeout=120
        )

    return run


def test_a_false_bound_of_a_noisy_producer_is_shrunk_and_its_program_shows_it(hunt: Hunt) -> None:
    words = ("--op", "relu", "--count", "200", "--seed", "1", "--json")
    run = hunt("python:hunted_files:noisy", *words)
    assert run.returncode == 1, run.stderr
    assert "hello" in run.stderr
    found = json.loads(run.stdout)
    assert set(found) >= {"checked", "false", "kind", "smallest", "seed", "findings"}
    assert found["kind"] == "rule"
    assert 0 < found["false"] <= found["checked"] <= 200
    smallest = found["smallest"]
    assert smallest["claim"] == "upper"
    assert smallest["box"] == {"lower": ["0"], "upper": ["1"]}
    assert smallest["violation"] == "1/2"
    assert smallest["violation_is"] == "exact"
    program = subprocess.run(
        [sys.executable, "-c", smallest["repro"]],
        cwd=HERE,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert mpq(program.stdout.split()[-1]) == mpq(smallest["violation"])


def test_finding_nothing_is_undecided(hunt: Hunt) -> None:
    run = hunt("python:hunted_files:right", "--op", "relu", "--count", "100", "--seed", "1")
    assert run.returncode == 2, run.stderr
    assert "found nothing: no proof that there is nothing" in run.stdout
    assert "seed 1: 100 boxes checked" in run.stdout


def test_a_fixed_attribute_is_the_one_asked_and_a_seed_repeats(hunt: Hunt) -> None:
    fixed = ("--attribute", "alpha=-1")
    words = ("--op", "leaky_relu", "--count", "60", "--seed", "7", "--json", *fixed)
    first, second = (hunt("python:hunted_files:leaky", *words) for _ in range(2))
    assert first.returncode == 1, first.stderr
    assert json.loads(first.stdout)["smallest"]["attributes"] == {"alpha": "-1"}
    assert first.stdout == second.stdout


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("python:hunted_files:raising", "raised ValueError: no relu"),
        ("python:hunted_files:leaving", "raised SystemExit"),
        ("python:hunted_files:shapeless", "lower has shape [1, 20], [20] expected"),
        ("python:hunted_files:leaky", "raised TypeError"),
        ("python:hunted_files:absent", "has no function absent"),
        ("python:no_such_module:f", "cannot be imported"),
        ("python:hunted_files", "is no producer"),
        ("numpy", "is no producer"),
        ("auto_lirpa:dtype=float16", "is no option"),
    ],
)
def test_a_producer_that_misbehaves_is_named(target: str, message: str) -> None:
    plan = Plan(target, "relu", (), Kind.BINARY32, 1)
    with pytest.raises(InputError, match=re.escape(message)):
        run_batch(load_producer(target), plan, 0, 20)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc here")
def test_what_a_producer_started_is_ended_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = tmp_path / "started"
    monkeypatch.setenv("HUNTED_STARTED", str(note))
    worker = start(Plan("python:hunted_files:starting", "relu", (), Kind.BINARY32, 1))
    try:
        worker.line.send(BatchRequest(0, 20))
        deadline = time.monotonic() + 60
        while not (note.exists() and note.read_text()) and time.monotonic() < deadline:
            time.sleep(0.05)
    finally:
        worker.end()
    stated = Path(f"/proc/{note.read_text()}/stat")
    deadline = time.monotonic() + 30
    # ended, and perhaps not yet collected by whoever adopted it
    while time.monotonic() < deadline and stated.exists() and _state(stated) not in "ZX":
        time.sleep(0.05)
    assert time.monotonic() < deadline


def _state(stated: Path) -> str:
    """What /proc says of a process: a letter, X where it went away meanwhile."""
    try:
        return stated.read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "X"


@pytest.mark.parametrize(
    ("name", "words", "message"),
    [
        ("raising", (), "raised ValueError: no relu"),
        ("dying", (), "ended the process it ran in (exit status 9)"),
        ("hanging", ("--timeout", "3"), "gave no answer in 3 s"),
    ],
)
def test_a_producer_that_fails_is_bad_input(
    hunt: Hunt, name: str, words: tuple[str, ...], message: str
) -> None:
    run = hunt(f"python:hunted_files:{name}", "--op", "relu", "--count", "20", *words)
    assert run.returncode == 3, run.stderr
    assert message in run.stderr
    assert len(run.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--op", "matmul"), "cannot be hunted"),
        (("--op", "relu", "--attribute", "alpha=1"), "is no attribute of relu"),
        (("--op", "leaky_relu", "--attribute", "alpha=1/3"), "is no NAME=VALUE"),
        (("--op", "leaky_relu", "--attribute", "alpha"), "is no NAME=VALUE"),
        (("--op", "relu", "--count", "0"), "at least 1"),
        (("--op", "relu", "--timeout", "0"), "must be a positive number"),
        (("--op", "relu", "--format", "binary16"), "binary16"),
        ((), "--op"),
    ],
)
def test_bad_usage_is_refused_before_anything_runs(
    words: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["hunt", "python:hunted_files:right", *words]) == 3
    assert message in capsys.readouterr().err
