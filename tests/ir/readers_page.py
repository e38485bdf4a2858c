"""The table of `docs/readers.md`: our readings of every operator and of small files beside a run.

    python tests/ir/readers_page.py     measure, and write the table into the page

Points have full significands, so that every product and sum is rounded; constants are multiples of
1/2. Figures depend on the runtime and on the processor; the page states those of one machine.
"""

import importlib.metadata
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from hypothesis import HealthCheck, Phase, given, settings
from onnx_draws import Made, Recipe, one_operator
from onnx_image_recipes import IMAGES, REARRANGING
from onnx_models import read
from onnx_recipes import CONSTANTS, ELEMENTWISE, SUMS
from outside_runs import run_outside

from refsem.fuzz.agreement import ORDERS, Agreement, agreement, together
from refsem.ir.evaluation import prepare

PAGE = Path(__file__).parents[2] / "docs" / "readers.md"
RECIPES = (*ELEMENTWISE, *SUMS, *CONSTANTS, *IMAGES, *REARRANGING)
DRAWS = 30
OPSET = {"Swish": 24, "Upsample": 9}
NEWEST = 26
"""The newest operator set that onnxruntime takes."""
BEGIN, END = "<!-- measured -->", "<!-- end -->"


def generic(made: Made, seed: int) -> Made:
    """The same model at a point of full significands, positive where the operator needs that."""
    source = np.random.default_rng(seed)
    positive = any(recipe.positive for recipe in made.recipes)

    def entries(shape: tuple[int, ...]) -> Any:  # noqa: ANN401  an array of numpy's
        values = source.standard_normal(shape)
        return np.asarray(np.abs(values) + 0.25 if positive else values, np.float32)

    point = {name: entries(value.shape) for name, value in made.point.items()}
    return Made(made.model, point, made.recipes)


def compared(made: Made) -> Agreement:
    """How our readings of a model agree with a run of it."""
    answers = run_outside(made.model, made.point)
    return agreement(prepare(read(made.model)), made.point, answers, ORDERS)


def measured(recipe: Recipe, draws: int) -> list[Agreement]:
    """The agreement of so many drawn models of one operator."""
    found: list[Agreement] = []
    quietly = settings(
        max_examples=draws,
        phases=(Phase.generate,),
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )

    @quietly
    @given(one_operator(recipe, OPSET.get(recipe.op, NEWEST)))
    def run(made: Made) -> None:
        found.append(compared(generic(made, len(found))))

    run()
    return found


def of_file(path: Path, points: int) -> list[Agreement]:
    """The agreement of a model file at random points."""
    made = onnx.load(path)
    shapes = {
        info.name: [max(side.dim_value, 1) for side in info.type.tensor_type.shape.dim]
        for info in made.graph.input
        if info.name not in {tensor.name for tensor in made.graph.initializer}
    }
    point = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
    return [compared(generic(Made(made, point, ()), seed)) for seed in range(points)]


def line(name: str, found: list[Agreement]) -> str:
    """One line of the table."""
    total = together(found)
    why = total.why()
    if why == "near":
        names = [one.why() for one in found]
        explained = len(names) - names.count("near")
        several = " or ".join(sorted({*names} - {"exact"}, key=names.count, reverse=True))
        runs = f"near; {explained} of {len(found)} runs explained"
        why = several if explained == len(found) else runs
    up = math.ceil(float(total.ulps) * 100) / 100
    return f"| {name} | {total.entries} | {total.exact} | {why} | {up:.2f} |"


def table() -> Iterator[str]:
    """The lines of the table."""
    version = importlib.metadata.version("onnxruntime")
    yield f"onnxruntime {version}, one thread, its optimiser off; {DRAWS} drawn models an operator."
    yield ""
    yield "| operator | entries | exact | numbers of | ulps |"
    yield "|---|---|---|---|---|"
    for op in dict.fromkeys(recipe.op for recipe in RECIPES):
        found = [one for recipe in RECIPES if recipe.op == op for one in measured(recipe, DRAWS)]
        yield line(f"`{op}`", found)
    for path in zoo(Path(os.environ["REFSEM_DATA"])):
        yield line(f"layer-zoo `{path.stem}`", of_file(path, 3))


def zoo(data: Path) -> list[Path]:
    """The files with one operator each, but for the one in training mode."""
    files = sorted((data / "networks" / "marabou" / "layer-zoo").glob("*.onnx"))
    return [path for path in files if path.stem != "dropout_training_mode_true"]


def main() -> None:
    """Write the table into the page."""
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    _, after = rest.split(END)
    text = "\n".join([BEGIN, *table(), END])
    PAGE.write_text(before + text + after, encoding="utf-8")


if __name__ == "__main__":
    main()
