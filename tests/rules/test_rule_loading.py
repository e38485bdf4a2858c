"""Rule files: what is taken from them, and every way in which one is refused, with its line."""

from pathlib import Path

import pytest

from refsem.errors import InputError
from refsem.rules import BY_NAME
from refsem.rules.loading import load_rules

HEAD = """from refsem.ir.terms import variables
from refsem.rules import Claim, Rule, Side

x, y = variables("x y")


def rule(name, *claims):
    return Rule(
        name=name, operator=None, given=(), chosen=(), derived=(), point=(x, y),
        sides=(), claims=claims, because="", source="",
    )


"""
CLAIM = 'Claim("all", x <= x)'


def written(folder: Path, text: str) -> Path:
    path = folder / "some_rules.py"
    path.write_text(text)
    return path


def refusal(path: Path) -> InputError:
    with pytest.raises(InputError) as caught:
        load_rules(path)
    assert caught.value.file == str(path)
    assert len(str(caught.value).splitlines()) == 1
    return caught.value


def test_rules_come_in_the_order_of_the_file_each_once(tmp_path: Path) -> None:
    text = f'{HEAD}second = rule("b", {CLAIM})\nfirst = rule("a", {CLAIM})\nRULES = (first,)\n'
    path = written(tmp_path, f"{text}again = second\nnumber = 3\n")
    assert [rule.name for rule in load_rules(path)] == ["b", "a"]


def test_a_rule_imported_from_the_catalogue_is_not_the_files_own(tmp_path: Path) -> None:
    imported = "from refsem.rules.relu import relu_upper\n"
    path = written(tmp_path, f'{HEAD}{imported}mine = rule("a", {CLAIM})\n')
    assert [rule.name for rule in load_rules(path)] == ["a"]
    assert refusal(written(tmp_path, imported)).message == "no rule is defined at module level"


def test_a_file_of_the_catalogue_itself_can_be_loaded() -> None:
    source = Path(load_rules.__code__.co_filename).with_name("relu.py")
    rules = load_rules(source)
    assert [rule.name for rule in rules] == ["relu_upper", "relu_lower", "relu_triangle"]
    assert all(rule == BY_NAME[rule.name] for rule in rules)


def test_what_is_loaded_is_what_the_file_says_now(tmp_path: Path) -> None:
    for name in ("a", "b"):  # of one size, within one tick of the clock
        path = written(tmp_path, f'{HEAD}one = rule("{name}", {CLAIM})\n')
        assert [rule.name for rule in load_rules(path)] == [name]
    assert [entry.name for entry in tmp_path.iterdir()] == ["some_rules.py"]


def test_an_absent_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "absent.py").message == "No such file or directory"
    assert refusal(tmp_path).message == "Is a directory"


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("", "", "no rule is defined at module level"),
        ("x = 1\ny = = 2\n", "line 2", "not Python: invalid syntax"),
        ("def f(:\n", "line 1", "not Python: invalid syntax"),
        ("x = 1\n\nraise ValueError('a\\nb')\n", "line 3", "ValueError: a b"),
        ("import no_such_module_anywhere\n", "line 1", "ModuleNotFoundError"),
        ("raise SystemExit(0)\n", "line 1", "SystemExit: 0"),
        ("def f():\n    return 1 / 0\n\n\nf()\n", "line 2", "ZeroDivisionError"),
    ],
)
def test_a_file_that_is_not_python_or_does_not_run_is_refused(
    tmp_path: Path, text: str, place: str, message: str
) -> None:
    error = refusal(written(tmp_path, text))
    assert error.place == place
    assert error.message.startswith(message)


@pytest.mark.parametrize("content", [b"x = 1\x00", b"\xff\xfe\xfa", b"x = (" + b"(" * 10_000])
def test_bytes_that_are_not_python_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bytes.py"
    path.write_bytes(content)
    assert refusal(path).message.startswith("not Python: ")


def test_an_expression_too_deep_to_compile_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "x = " + "-" * 100_000 + "1\n")
    assert refusal(path).message.startswith("not Python: ")


def test_an_ill_formed_rule_is_refused_with_its_line(tmp_path: Path) -> None:
    error = refusal(written(tmp_path, f'{HEAD}good = rule("a", {CLAIM})\nbad = rule("b")\n'))
    assert error.message == "RuleError: rule 'b': claims nothing"
    assert error.place == "line 8"  # where the rule is constructed, inside the helper


def test_a_float_in_a_rule_is_refused_with_its_line(tmp_path: Path) -> None:
    text = f'{HEAD}one = rule("a", {CLAIM})\ntwo = rule("b", Claim("c", 0.5 * x <= y))\n'
    error = refusal(written(tmp_path, text))
    assert error.place == f"line {HEAD.count(chr(10)) + 2}"
    assert error.message == "TypeError: 0.5 is not exact: constants are integers or rationals"


def test_two_rules_of_one_name_are_refused(tmp_path: Path) -> None:
    text = f'{HEAD}one = rule("a", {CLAIM})\ntwo = rule("a", {CLAIM})\n'
    assert refusal(written(tmp_path, text)).message == "two rules are named 'a'"
