"""Trees of signs at the command line: Ctrl-C leaves a file from which the next run goes on."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import builders
import pytest
from claim_files import write_property
from command_line import Command

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seventeen inputs: too many to be cut."""
    layers = builders.random_layers((17, 14, 14, 1), seed=4, kind="integer")
    return builders.sequential(tmp_path_factory.mktemp("signs") / "m.onnx", layers)


def cuts(file: Path) -> int:
    regions = json.loads(file.read_text("utf-8"))["regions"].values()
    return sum(case.count(":") for region in regions for case in region["cases"])


def test_what_ctrl_c_leaves_is_gone_on_with(refsem: Command, model: Path, tmp_path: Path) -> None:
    file, tree = tmp_path / "unfinished.json", tmp_path / "tree.json"
    unsafe = "(assert (<= Y_0 -1600))"
    wanted = write_property(tmp_path / "p.vnnlib", ["-1"] * 17, ["1"] * 17, unsafe)
    options = ["--method", "ibp", "--branch", "300", "--resume", str(file)]
    with subprocess.Popen(
        [sys.executable, "-m", "refsem", "audit", model, wanted, *options],
        cwd=ROOT,
        env=dict(os.environ),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        # A run in the background of a shell ignores Ctrl-C, and hands that on.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
    ) as process:
        while not file.exists():
            assert process.poll() is None
            time.sleep(0.005)
        process.send_signal(signal.SIGINT)
        assert process.communicate()[1].strip() == "refsem: interrupted"
        assert process.returncode == 130
    left = cuts(file)
    run = refsem("audit", model, wanted, *options, "--write-certificate", tree)
    assert run.status == 0
    assert not file.exists()
    ((case,),) = (region["cases"] for region in json.loads(tree.read_text("utf-8"))["regions"])
    assert case["nodes"].count(":") >= left
    assert refsem("check", tree, "--model", model, "--property", wanted).status == 0
