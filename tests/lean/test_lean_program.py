"""Programs that make trees: their instructions are those of the Lean file, and nothing is left."""

import re
from pathlib import Path

import pytest
from program_machine import executed, read

from lean_export import program
from lean_export.program import (
    PART,
    Code,
    Expression,
    Instruction,
    Program,
    UnprintableError,
    instruction,
    number,
    spelt,
    written,
)
from lean_export.refutation import printed
from lean_export.statements import statement
from refsem.obligations.algebra.checker import Accepted, check
from refsem.obligations.algebra.stored import read as stored
from refsem.obligations.generation import rule_obligations
from refsem.rules import BY_NAME

LEAN = Path("lean_export/project/Refsem/Program.lean")
NAMES = {
    "indeterminate": Code.INDETERMINATE,
    "fact": Code.FACT,
    "digit": Code.DIGIT,
    "product": Code.PRODUCT,
    "binary .mul": Code.MUL,
    "apply": Code.APPLY,
    "replace": Code.REPLACE,
    "leaf": Code.LEAF,
    "binary .sub": Code.SUB,
    "constant": Code.CONSTANT,
    "split": Code.SPLIT,
    "binary .add": Code.ADD,
    "negate": Code.NEGATE,
    "multiple": Code.MULTIPLE,
    "claim .le": Code.LE,
    "claim .lt": Code.LT,
    "claim .eq": Code.EQ,
    "claim .ne": Code.NE,
    "signs": Code.SIGNS,
    "apart": Code.APART,
    "root": Code.ROOT,
}


def test_codes_are_places_in_the_list_of_the_lean_file() -> None:
    root = Path(program.__file__).parents[1]
    text = (root / LEAN).read_text("utf-8")
    listed = re.search(r"def instructions : List Instruction :=\s*\[(.*?)\]", text, re.DOTALL)
    assert listed
    names = [" ".join(one.split()) for one in listed[1].split(",")]
    assert [NAMES[name] for name in names] == list(Code)


def a_program(rule: str, claim: str) -> Program:
    one = next(each for each in rule_obligations(BY_NAME[rule]) if each.id == f"{rule}/{claim}")
    proof = next(each for each in stored(rule)[one.id] if isinstance(check(one, each), Accepted))
    return printed(statement(one), proof).tree


@pytest.mark.parametrize(
    ("rule", "claim"),
    [
        ("relu_upper", "weaken/b"),
        ("hard_swish_lower", "weaken/b"),
        ("power8_upper", "weaken/b"),
        ("relu_triangle", "sound/upper"),
        ("division_interval_negative", "weaken/lo"),
    ],
)
def test_a_program_makes_one_tree_and_leaves_nothing(rule: str, claim: str) -> None:
    made = executed(a_program(rule, claim))
    assert len(made.trees) == 1
    assert (made.number, made.facts, made.apart, made.roots) == (0, [], [], [])
    assert (made.expressions, made.products, made.multiples) == ([], [], [])


def test_what_is_written_is_the_program() -> None:
    whole = a_program("relu_upper", "weaken/b")
    parts = written(whole)
    assert len(parts) == -(-len(whole) // PART)
    assert all(len(part) <= len("0x") + 4 * PART for part in parts)
    # What fills up the last number is one harmless instruction, again and again.
    assert read(parts)[: len(whole)] == whole
    assert set(read(parts)[len(whole) :]) <= {Instruction(Code.INDETERMINATE)}


def test_what_fills_up_a_program_changes_no_tree() -> None:
    whole = a_program("relu_upper", "weaken/b")
    assert executed(read(written(whole))).trees == executed(whole).trees


@pytest.mark.parametrize("value", [0, 1, 2047, 2048, 2**22 - 1, 2**22, 10**40])
def test_a_number_is_spelt_in_digits(value: int) -> None:
    made = executed((*spelt(value), Instruction(Code.CONSTANT)))
    assert made.expressions == [("num", value)]


def test_expressions_read_as_text_and_as_programs() -> None:
    x = Expression(Code.INDETERMINATE, 3)
    whole = Expression(Code.SUB, parts=(Expression(Code.MUL, parts=(x, number(-5000))), x))
    assert whole.text == "(.sub (.mul (.var 3) (.neg (.num 5000))) (.var 3))"
    (made,) = executed(whole.program).expressions
    assert made == ("sub", ("mul", ("var", 3), ("neg", ("num", 5000))), ("var", 3))


def test_an_operand_without_room_is_refused() -> None:
    assert instruction(Code.FACT, 2047)
    with pytest.raises(UnprintableError, match="beyond 2047"):
        instruction(Code.FACT, 2048)


def test_a_negative_number_has_no_digits() -> None:
    with pytest.raises(ValueError, match="negative"):
        spelt(-1)


def test_parts_of_trees_come_in_their_order() -> None:
    y = Expression(Code.INDETERMINATE, 7)
    first = program.product(2, (4, 5), (6,), (y,))
    second = program.product(1, (0,), (), ())
    leaf = program.leaf((first, second), (program.multiple(9, y),))
    (tree,) = executed(leaf).trees
    assert tree == (
        "leaf",
        [(2, [4, 5], [6], [("var", 7)]), (1, [0], [], [])],
        [(9, ("var", 7))],
    )
    steps = (*leaf, *program.replaced(3, number(4), 5), *program.applied(8, (1, 2)))
    assert executed(steps).trees == [("apply", 8, [1, 2], ("replace", 3, ("num", 4), 5, tree))]
    other = program.leaf((second,), ())
    (small,) = executed(other).trees
    assert executed(program.split(y, leaf, other)).trees == [("split", ("var", 7), tree, small)]
    assert executed(program.signs(2, leaf, other)).trees == [("signs", 2, tree, small)]
    claimed = (*leaf, *program.lemma(Code.LT, y, number(1), other))
    relation = ("lt", ("var", 7), ("num", 1))
    assert executed(claimed).trees == [("have", relation, small, tree)]
