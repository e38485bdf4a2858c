"""`refsem profile`: what numpy and made-up platforms do, and everything refused."""

import json
import sys
from types import ModuleType
from typing import Any

import fake_reductions
import numpy as np
import pytest

from refsem.binary32.catalogue import BY_NAME, Call
from refsem.cli import main
from refsem.fuzz import accuracy
from refsem.fuzz.accuracy import exhaustive, sampled
from refsem.fuzz.profile import Wanted, profile
from refsem.fuzz.targets.loading import load_target
from refsem.fuzz.targets.target import hardware_directions
from refsem.rounding import RISCV, Mode

Capture = pytest.CaptureFixture[str]
LITTLE = Wanted((5,), 50, 0)


def rows(target: str) -> dict[tuple[str, str], str]:
    found = profile(load_target(target, ()), Wanted((), 0, 0), lambda *_: None)
    return {(row.topic, row.asked): row.does for row in found.rows}


def test_numpy_keeps_subnormals_and_rounds_as_it_is_told() -> None:
    found = rows("numpy")
    for mode in hardware_directions():
        assert found["rounding", f"set to {mode.value}"] == "honoured"
    assert found["subnormal", "2^-126 · 0.5"] == "kept"
    assert found["subnormal", "2^-149 · 2^100"] == "kept"
    assert found["subnormal", "exp(-100)"].startswith("kept")
    assert found["contraction", "mul_add: x·y + z"] == "product rounded first"
    assert found["extrema", "maximum of a NaN"] == "a NaN"
    assert found["extrema", "maximum_number of a NaN"] == "the number"
    assert found["relu", "relu(7FC00000)"] == "7FC00000"
    assert found["functions", "exp at overflow (42B17218)"] == "7F800000"


def test_the_kernel_is_as_the_model() -> None:
    found = rows("kernel")
    assert all(does == "honoured" for (topic, _), does in found.items() if topic == "rounding")
    assert found["contraction", "fma: x·y + z"] == "fused: one rounding"
    assert found["extrema", "maximum of zeros"] == "+0"
    assert found["extrema", "minimum of zeros"] == "-0"
    assert found["float to integer", "to_int32 out of range"].startswith("saturates")
    assert found["NaN bits", "add(7FC00001, 7FC00002)"] == "7FC00000"


def test_a_made_up_platform_is_seen_through() -> None:
    found = rows("python:platforms")
    assert found["contraction", "fma: x·y + z"] == "through binary64: rounded twice"
    assert found["extrema", "maximum of a NaN"] == "the second operand"
    assert found["extrema", "maximum of zeros"] == "the second operand"
    assert found["relu", "relu(7FC00000)"] == "00000000"
    manner = found["float to integer", "to_int32 out of range"]
    assert manner.startswith("saturates")
    assert "NaN: 00000007" in manner


def test_its_reductions_too() -> None:
    found = profile(load_target("python:platforms", ()), Wanted((12,), 0, 0), lambda *_: None)
    orders = {entry.name: entry for entry in found.reductions}
    assert orders["sum"].order == (
        "left to right, in bfloat16, each sum first rounded to binary32, "
        "1 of 12 terms first rounded to bfloat16, +0 added"
    )
    assert orders["dot"].order.startswith("left to right, in binary64")
    assert orders["matmul"].order == "right to left, in binary32, other entries in another order"
    assert all(entry.confirmed for entry in orders.values())
    assert orders["matmul"].sums[0] == ((10, 11), "24 bits")
    batch = {row.asked: row.does for row in found.rows if row.topic == "batch"}
    assert batch["a row alone and among 33"] == "the same"
    assert "outputs differ" in batch["W·x and the same row among 33"]


def test_accuracy_counts_what_differs() -> None:
    target = load_target("python:platforms", ())
    good, bad = sampled(target, "exp", 600), sampled(target, "tanh", 3000)
    assert (good.differing, good.most_ulps, good.worst) == (0, 0, None)
    assert bad.differing > bad.checked // 2
    assert bad.most_ulps == 0x3F800000
    assert bad.wrong > 0


def test_numpy_is_as_inaccurate_as_noted() -> None:
    found = sampled(load_target("numpy", ()), "exp", 2000)
    assert 0 < found.differing < found.checked // 3
    assert 1 <= found.most_ulps <= 3
    assert found.worst is not None


RANGES = (0x3F7FFF00, 0x42B171F0, 0x7F7FFFF0, 0xC2CFF200, 0xB3800000, 0x00000000)


@pytest.mark.parametrize("name", ["exp", "log", "tanh", "expm1"])
def test_the_filter_proposes_what_the_model_says(name: str) -> None:
    for start in RANGES:
        operands = np.arange(start, start + 64, dtype=np.uint64).astype(np.uint32)
        right = [
            BY_NAME[name].evaluate(Call(Mode.RNE, (bits,), False, RISCV))[0]
            for bits in operands.tolist()
        ]
        assert accuracy._filtered(name, operands).tolist() == right


def test_the_filter_leaves_near_ties_to_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    hard = np.array([0xBBF0EDF1, 0xC16912CD, 0x377EFF81], np.uint32)
    asked: list[int] = []

    def right(name: str, bits: int) -> int:
        asked.append(bits)
        return BY_NAME[name].evaluate(Call(Mode.RNE, (bits,), False, RISCV))[0]

    monkeypatch.setattr(accuracy, "_right", right)
    assert accuracy._filtered("exp", hard).tolist() == [0x3F7E1FE9, 0x34FD331B, 0x3F800080]
    assert asked == hard.tolist()


def test_ranges_are_checked_exhaustively(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accuracy, "CHUNK", 1 << 12)
    target = load_target("numpy", ())
    told: list[tuple[int, int]] = []
    whole = exhaustive(target, "exp", 0x3F800000, 0x3F803000, lambda *at: told.append(at))
    assert whole.checked == 0x3000
    assert told == [(0x1000, 0x3000), (0x2000, 0x3000), (0x3000, 0x3000)]
    parts = [
        exhaustive(target, "exp", start, start + 0x1800, lambda *_: None)
        for start in (0x3F800000, 0x3F801800)
    ]
    assert whole.differing == sum(part.differing for part in parts)
    assert whole.most_ulps == max(part.most_ulps for part in parts)


def run(capsys: Capture, *arguments: str) -> tuple[int, str, str]:
    status = main(["profile", *arguments])
    shown = capsys.readouterr()
    return status, shown.out, shown.err


def test_the_table_is_printed(capsys: Capture) -> None:
    status, out, err = run(capsys, "numpy", "--size", "5", "--samples", "30")
    assert (status, err) == (0, "")
    assert out.startswith("profile of numpy\n")
    assert (
        "left to right, in binary32, +0 added: confirmed exactly and in the kernel on 12 operands"
        in " ".join(out.split())
    )


def test_json_is_one_object(capsys: Capture) -> None:
    status, out, _ = run(capsys, "numpy", "--size", "3", "--samples", "0", "--json")
    found: dict[str, Any] = json.loads(out)
    assert status == 0
    assert found["accuracies"] == []
    (entry, _, _) = found["reductions"]
    assert (entry["name"], entry["size"], entry["confirmed"]) == ("sum", 3, True)
    assert entry["sums"] == [[[0, 1], "24 bits"], [[3, 2], "24 bits"]]


@pytest.mark.parametrize(
    "arguments",
    [
        ["numpy", "--size", "0"],
        ["numpy", "--size", "100000000"],
        ["numpy", "--samples", "-1"],
        ["numpy", "--op", "nothing"],
        ["nothing"],
        ["python:absent_module"],
        ["onnxruntime:model.onnx"],
        ["library:absent.so"],
        [],
    ],
)
def test_bad_input_is_3_and_one_line(arguments: list[str], capsys: Capture) -> None:
    status, out, err = run(capsys, *arguments)
    assert (status, out, err.count("\n")) == (3, "", 1)


def test_an_order_that_depends_on_values_is_not_confirmed(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    module = ModuleType("sorting_platform")
    module.dot = fake_reductions.by_size  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "sorting_platform", module)
    status, out, _ = run(capsys, "python:sorting_platform", "--size", "200")
    assert status == 0
    text = " ".join(out.split())
    assert "NOT CONFIRMED" in text
    assert "unresolved: 200 values added in one step" in text


def test_a_reduction_that_raises_is_3(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    module = ModuleType("raising_platform")
    module.dot = lambda x, y: 1 / 0  # type: ignore[attr-defined]  # noqa: ARG005
    monkeypatch.setitem(sys.modules, "raising_platform", module)
    status, _, err = run(capsys, "python:raising_platform")
    assert (status, err.count("\n")) == (3, 1)
    assert "ZeroDivisionError" in err


def test_torch_if_it_is_here() -> None:
    pytest.importorskip("torch")
    found = profile(load_target("torch", ()), LITTLE, lambda *_: None)
    does = {(row.topic, row.asked): row.does for row in found.rows}
    assert does["relu", "relu(80000000)"] == "80000000"
    assert all(entry.confirmed for entry in found.reductions)
