"""CROWN theorems: the modules that state and prove one region's output box by backward propagation.

Every layer's neurons get boxes that Lean derives again from the layers before (`Refsem/Crown.lean`:
lines with the run's slopes, pushed back to the input), so that the output box is the audit's up to
rounding. Where that would be too much for Lean, only the outputs are pushed back to the input, and
the boxes of hidden neurons are one interval step each: a true theorem with a wider box.

What it takes is counted in pushes: a weight multiplied, once, with the coefficients of all forms of
a layer together.
"""

from collections.abc import Iterable, Sequence

from lean_export.crown_boxes import CrownBoxes, Digits, Neuron, Slopes, crown_boxes
from lean_export.interval_boxes import SCALE, IntegerBox
from lean_export.layers import Layer
from lean_export.layout import documentation, filled
from lean_export.run_text import (
    SETTING,
    Module,
    bounds_statement,
    box_lines,
    hanging,
    layer_lines,
    module_text,
    namespace,
    network_lines,
    packed,
    scale_text,
    well_formed_lines,
)

MODULE_WORDS = 16_000
"""How many patterns one module may hold, unless one layer has more."""

MOST_PUSHES = 400_000
"""Beyond so many, hidden neurons are not pushed back: some minutes of Lean."""

CORE = (
    "Refsem/Basic.lean",
    "Refsem/Network.lean",
    "Refsem/Packed.lean",
    "Refsem/Columns.lean",
    "Refsem/Crown.lean",
)
"""The hand-written files on which a CROWN theorem rests."""


def depths(network: Sequence[Layer]) -> tuple[int, ...]:
    """Through how many layers each layer's forms are pushed back."""
    whole = tuple(range(len(network)))
    if pushes(network, whole) <= MOST_PUSHES:
        return whole
    return (*(0 for _ in whole[:-1]), whole[-1])


def pushes(network: Sequence[Layer], through: Sequence[int]) -> int:
    """How many weights are multiplied with columns when the network is checked."""
    words = [layer.words for layer in network]
    return sum(sum(words[number - depth : number + 1]) for number, depth in enumerate(through))


def crown_modules(
    network: Sequence[Layer], start: IntegerBox, slopes: Sequence[Slopes], region: int, about: str
) -> tuple[list[Module], IntegerBox]:
    """The modules of one region, its theorem in the last, and the output box of the theorem."""
    through = depths(network)
    boxes = crown_boxes(network, start, lambda number, _: slopes[number], through)
    output = IntegerBox(SCALE, tuple((one.lower, one.upper) for one in boxes.layers[-1]))
    stem = namespace(region)
    modules: list[Module] = []
    groups = packed(network, MODULE_WORDS)
    imports = ["Refsem.Crown"]
    for place, group in enumerate(groups, 1):
        name = stem if len(groups) == 1 else f"{stem}Part{place}"
        body: list[str] = []
        if place == 1:
            body.extend(_problem_lines(start, boxes.digits))
        for number in group:
            body.extend(_layer_lines(network, boxes, number, through[number - 1]))
        found = [f"{stem}.{part}{n}" for n in group for part in ("wellFormed", "step")]
        if place == len(groups):
            body.extend(_conclusion(network, start, output))
            found += [f"{stem}.network_wellFormed", f"{stem}.output_bounds"]
        doc = f"# CROWN bounds, region {region}. {about}"
        text = module_text(imports, doc, stem, body)
        modules.append(Module(f"{name.replace('.', '/')}.lean", text, tuple(found)))
        imports = [name]
    return modules, output


def _problem_lines(start: IntegerBox, digits: Digits) -> tuple[str, ...]:
    return (
        *box_lines("inputBox", "The inputs", start),
        "",
        "/-- The problem: input box, its scale, the scale of all others, digits of columns. -/",
        "def problem : Problem :=",
        f"  ⟨inputBox, {scale_text(start.scale)}, {scale_text(SCALE)},",
        f"    {digits.bits}, {digits.size}⟩",
        "",
        "/-- Before the first layer nothing is known but the input. -/",
        "def known0 : List Known :=",
        "  []",
    )


def _integer(value: int) -> str:
    """An integer by its constructor: that costs Lean less than a numeral."""
    return f"(.ofNat {value})" if value >= 0 else f"(.negSucc {-value - 1})"


def neuron_words(neurons: Iterable[Neuron]) -> tuple[str, ...]:
    """The neurons of a layer as a Lean term."""
    words = [
        f".cons {_integer(one.lower)} {_integer(one.upper)} {one.below} {one.above} <|"
        for one in neurons
    ]
    return filled([*words, ".nil"], 2)


def _layer_lines(
    network: Sequence[Layer], boxes: CrownBoxes, number: int, depth: int
) -> tuple[str, ...]:
    """A layer's rows, its neurons, what is checked of them, and what is known then."""
    layer = network[number - 1]
    relu = "true" if layer.relu else "false"
    what = f"The boxes before `{layer.node}` is activated, over {scale_text(SCALE)}, and slopes."
    return (
        *layer_lines(layer, number),
        "",
        *documentation(what),
        f"def neurons{number} : Neurons :=",
        *neuron_words(boxes.layers[number - 1]),
        *well_formed_lines(layer, number),
        "",
        f"theorem step{number} : layerChecked problem known{number - 1} {depth} {layer.width}",
        f"    weights{number} neurons{number} = true := by",
        "  decide +kernel",
        "",
        f"/-- The layers up to {number}. -/",
        f"def known{number} : List Known :=",
        f"  ⟨{relu}, {layer.width}, weights{number}, neurons{number}⟩ :: known{number - 1}",
    )


def _conclusion(network: Sequence[Layer], start: IntegerBox, output: IntegerBox) -> tuple[str, ...]:
    """The network, that it is well-formed, and its theorem."""
    last = len(network)
    steps = [
        f"  have ⟨reached{n}, length{n}⟩ := layer_sound (p := problem) "
        f"(relu := {'true' if layer.relu else 'false'}) (by decide +kernel) (by decide +kernel) "
        f"inside0 reached{n - 1} length{n - 1} step{n}"
        for n, layer in enumerate(network, 1)
    ]
    return (
        *box_lines("outputBox", "The outputs", output),
        *network_lines(network),
        *SETTING,
        *bounds_statement(start.scale, SCALE),
        f"  have length0 : x.length = {network[0].width} := length_of_inBox inside0",
        "  have reached0 : Reached problem known0 x x := rfl",
        *(line for step in steps for line in hanging(step)),
        f"  exact last_sound (p := problem) (by decide +kernel) reached{last}",
    )
