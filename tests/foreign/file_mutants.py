"""Wrong files: one random change of a good file, as text, so that no parser stands in between.

A document is JSON with numbers as `Decimal`; some changes cannot be said in JSON values (duplicate
keys, NaN, 1e999, truncation) and are made to the text.
"""

import json
import random
from decimal import Decimal
from typing import Any

Path = tuple[Any, ...]


class Raw:
    """Text put into the file as it is."""

    def __init__(self, text: str) -> None:
        self.text = text


def loads(text: str) -> Any:  # noqa: ANN401  any JSON value
    return json.loads(text, parse_float=Decimal, parse_int=Decimal)


def dumps(value: object) -> str:
    if isinstance(value, Raw):
        return value.text
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)}: {dumps(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(dumps, value)) + "]"
    return str(value) if isinstance(value, Decimal) else json.dumps(value)


def paths(value: object, here: Path = ()) -> list[Path]:
    """Every place in a document."""
    found = [here]
    if isinstance(value, dict):
        for key, item in value.items():
            found += paths(item, (*here, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            found += paths(item, (*here, index))
    return found


def at(document: Any, path: Path) -> Any:  # noqa: ANN401
    for step in path:
        document = document[step]
    return document


def number(source: random.Random, value: Decimal) -> object:
    """Another number, near or far, or no number."""
    ulp = Decimal(2) ** (value.copy_abs().max(Decimal("1e-30")).logb() * 10 / 3 - 23).to_integral()
    return source.choice(
        [
            *(value + ulp, value - ulp, value + ulp / 100, value - ulp / 100),
            *(value + Decimal("0.00001"), value - Decimal("0.000005"), -value, value * 2),
            *(value + 1, Decimal(0), Decimal("-0.0"), Decimal("1.5"), Decimal("1e9")),
            *(Raw("1e999"), Raw("-1e999"), Raw("NaN"), Raw("1e-99999"), Raw("0" * 5), Raw("-")),
            *(None, True, "0", [value], {}, Raw("9" * 2000)),
        ]
    )


def fraction(source: random.Random, value: str) -> object:
    """Another string where an exact number, or a name, stood."""
    texts = ["0", "1", "-1", "3/2", "1/0", "nan", "inf", "1e5000", "0.1", value + "1", "-" + value]
    return source.choice([*texts, "", None, Decimal(1), [value], "x" * 30_000])


def many(source: random.Random, value: list[Any]) -> object:
    """Another list."""
    items = list(value)
    match source.randrange(7):
        case 0:
            del items[source.randrange(len(items)) : None]
        case 1:
            items.pop(source.randrange(len(items)))
        case 2:
            items.append(source.choice(items))
        case 3:
            i, j = source.randrange(len(items)), source.randrange(len(items))
            items[i], items[j] = items[j], items[i]
        case 4:
            items.reverse()
        case 5:
            items[source.randrange(len(items))] = None
        case _:
            return Raw("[" * 100 + "]" * 100)
    return items


def members(source: random.Random, value: dict[str, Any]) -> object:
    """Another object."""
    inner = dict(value)
    key = source.choice(list(inner))
    match source.randrange(5):
        case 0:
            del inner[key]
        case 1:
            inner[source.choice(["tol", "slack", "unknown"])] = Decimal("1e9")
        case 2:
            other = source.choice(list(inner))
            inner[key], inner[other] = inner[other], inner[key]
        case 3:
            text = dumps(inner)
            return Raw(f"{text[:-1]}, {json.dumps(key)}: {dumps(inner[key])}}}")
        case _:
            inner[key] = None
    return inner


def mutant(source: random.Random, text: str) -> str:
    """The text of a file with one change."""
    if source.random() < 0.02:
        cut = source.randrange(len(text))
        return source.choice([text[:cut], text[:cut] + "\x00" + text[cut:], text + "{}", ""])
    document = loads(text)
    path = source.choice(paths(document)[1:])
    value = at(document, path)
    match value:
        case bool() | None:
            changed: object = source.choice([not value, None, Decimal(1), "true"])
        case Decimal():
            changed = number(source, value)
        case str():
            changed = fraction(source, value)
        case list():
            changed = many(source, value) if value else [Decimal(1)]
        case _:
            changed = members(source, value) if value else []
    at(document, path[:-1])[path[-1]] = changed
    return dumps(document)
