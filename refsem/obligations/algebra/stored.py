"""The stored proofs, as a run uses them: read from package data, checked, never searched.

There is one JSON file a rule. It maps the id of an obligation to a list of proofs: the parts of
`needed` share their ids with the obligations of the whole rule, but not all premises, so one
proof need not serve them all. `store` writes these files.

Invariant: what `checked` returns was accepted by the checker a moment ago, for the obligation at
hand; a stored proof of something else is no evidence.
"""

import json
from collections.abc import Mapping, Sequence
from importlib.resources import files

from refsem.obligations.algebra.checker import Accepted, check
from refsem.obligations.algebra.encoding import EncodingError, decode, encode, strict_json
from refsem.obligations.algebra.proof import AlgebraicProof
from refsem.obligations.obligation import Algebraic, Obligation

FORMAT = "refsem.proofs.v1"

Proofs = Mapping[str, Sequence[AlgebraicProof]]


def checked(obligation: Obligation) -> Algebraic | None:
    """The evidence of a stored proof that the checker accepts for this obligation, if any."""
    name = obligation.id.partition("/")[0]
    for data in _entries(name).get(obligation.id, ()):
        found = check(obligation, decode(data))
        if isinstance(found, Accepted):
            return Algebraic(f"{name}.json", found.leaves, found.products)
    return None


def read(name: str) -> dict[str, tuple[AlgebraicProof, ...]]:
    """The stored proofs of a rule by obligation; `EncodingError` if the file is not what it was."""
    return {key: tuple(map(decode, proofs)) for key, proofs in _entries(name).items()}


def _entries(name: str) -> dict[str, list[object]]:
    """The undecoded proofs of a rule; none for a rule without a file."""
    place = files("refsem.obligations").joinpath("proofs", f"{name}.json")
    if not name.isidentifier() or not place.is_file():
        return {}
    return parsed(place.read_text(encoding="utf-8"), name)


def parsed(text: str, name: str) -> dict[str, list[object]]:
    """The undecoded proofs in a file's text; `EncodingError` if it is no file of this rule."""
    data = strict_json(text)
    if not isinstance(data, dict) or data.keys() != {"format", "rule", "proofs"}:
        raise EncodingError("a file of proofs was expected", data)
    if data["format"] != FORMAT or data["rule"] != name:
        raise EncodingError(f"{FORMAT} of {name} was expected", [data["format"], data["rule"]])
    entries = data["proofs"]
    if not isinstance(entries, dict) or not all(isinstance(v, list) for v in entries.values()):
        raise EncodingError("lists of proofs by obligation were expected", entries)
    return entries


def file_text(name: str, proofs: Proofs) -> str:
    """What a rule's file says: one proof a line."""
    lines = []
    for key, found in proofs.items():
        texts = (json.dumps(encode(proof), separators=(",", ":")) for proof in found)
        lines.append(f"{json.dumps(key)}:[\n" + ",\n".join(texts) + "\n]")
    head = f'"format":{json.dumps(FORMAT)},\n"rule":{json.dumps(name)},\n"proofs":'
    return "{" + head + "{\n" + ",\n".join(lines) + "\n}}\n"
