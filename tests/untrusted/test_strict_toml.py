"""Strict TOML: long dotted keys are refused before the library's quadratic time, and only they."""

import pytest

from refsem.errors import InputError
from refsem.untrusted.strict_toml import MOST_PARTS, parse_toml

PARTS = {"bare": "{}a-1_b", "basic": '"{}x.\\"#=\'"', "literal": "'{}\"#\\'"}
JOINTS = {"dot": ".", "spaces": " .\t"}
KEYS = {
    "key": "KEY = 1",
    "header": "[KEY]",
    "array of tables": "[[ KEY ]]",
    "inline": "a = {b = 1, KEY = 1}",
    "in an array": "a = [\n1, # one\n{KEY = 1}]",
    "after an escaped quote": 'a = """x\\"""" # \'\'\'\nKEY = 1',
    "after a literal": "a = '''x\"\"\"'''''\nKEY = 1",
    "after four quotes": 'a = """x""""\nKEY = 1',
    "after a comment": '# it\'s """\nKEY = 1',
    "after line ends": "a = 'x' # ''' \r\nKEY = 1",
}


@pytest.mark.parametrize("joint", JOINTS.values(), ids=JOINTS)
@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
@pytest.mark.parametrize("place", KEYS)
def test_keys_of_many_parts_are_refused(place: str, part: str, joint: str) -> None:
    parts = [part.format(number) for number in range(MOST_PARTS + 1)]
    parse_toml("f", KEYS[place].replace("KEY", joint.join(parts[:-1])).encode())
    with pytest.raises(InputError, match="a key of more than 16 parts"):
        parse_toml("f", KEYS[place].replace("KEY", joint.join(parts)).encode())


def test_dots_elsewhere_are_no_keys() -> None:
    dots = "a" + ".a" * 100
    text = f"s = \"{dots}\" # {dots}\nt = '{dots}'\nn = [{'1.5, ' * 100}]\nm = '''\n{dots}'''\n"
    found = parse_toml("f", text.encode()).entries()
    assert found["s"].text() == found["t"].text() == found["m"].text() == dots


LENGTH = 2**18
SLOW = {
    "a dotted key": "a" + ".a" * LENGTH + " = 1",
    "a dotted header": "[a" + ".a" * LENGTH + "]",
    "escapes": 'a = "' + '\\"' * LENGTH,
    "quotes": '"' * LENGTH,
    "a string that does not end": 'a = """' + '""\\"' * LENGTH,
    "a literal that does not end": "a = '''" + "''x" * LENGTH,
    "a long part": "a." + "a" * LENGTH + "?",
    "spaces": "a." + " " * LENGTH + "=",
}


@pytest.mark.parametrize("what", SLOW)
def test_long_files_are_refused_at_once(what: str) -> None:
    """Each would take minutes, were anything of them quadratic."""
    with pytest.raises(InputError):
        parse_toml("f", SLOW[what].encode())
