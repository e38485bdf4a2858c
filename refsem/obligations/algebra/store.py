"""Writes the stored proofs of the catalogue: searched for, checked, then kept.

    python -m refsem.obligations.algebra.store [--anew] [RULE...]

A proof that is stored and still accepted stays; `--anew` forgets the stored ones first. What is
found is put to the checker before it is written to `refsem/obligations/proofs/RULE.json`.
"""

import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from refsem.obligations.algebra.checker import Accepted, Rejected, check
from refsem.obligations.algebra.lemmas import LEMMAS
from refsem.obligations.algebra.proof import AlgebraicProof
from refsem.obligations.algebra.search import MONOMIALS, NotFound, find_proof
from refsem.obligations.algebra.shortening import shortened
from refsem.obligations.algebra.stored import Proofs, file_text, read
from refsem.obligations.algebra.unmoved import unmoved
from refsem.obligations.generation import rule_obligations
from refsem.obligations.obligation import Expected, Kind, Obligation
from refsem.obligations.sampling import search as sample
from refsem.rules import CATALOGUE, EXECUTED, Rule

_POINTS = 600
"""Points at which an obligation is tried before a proof is searched for."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What came of one obligation: its proof, whether it was searched for, and the CPU time."""

    obligation: Obligation
    found: AlgebraicProof | NotFound
    searched: bool
    seconds: float


def provable(rule: Rule) -> Iterator[Obligation]:
    """The obligations of a rule that should have an algebraic proof.

    Those whose derived values are moved come first, then those with the weakest premises: their
    proofs may serve the others.
    """
    found: list[Obligation] = []
    for one in rule_obligations(rule):
        if one.expected is Expected.PROVED:
            found.extend(one.parts if one.kind is Kind.NEEDED else (one,))
    goals = (one for one in found if one.goal is not None)
    return iter(sorted(goals, key=lambda one: (one.kind is not Kind.WEAKEN, len(one.premises))))


def proved(rule: Rule, kept: Proofs) -> Iterator[Entry]:
    """A proof of each provable obligation, one of those kept if that will do, else by search."""
    known = {key: list(proofs) for key, proofs in kept.items()}
    everything = list(provable(rule))
    for one in everything:
        started = time.process_time()
        ready = (p for p in known.get(one.id, ()) if isinstance(check(one, p), Accepted))
        found: AlgebraicProof | NotFound | None = next(ready, None)
        searched = found is None
        if found is None:
            found = _as_moved(one, everything, known) or searched_for(one)
        if isinstance(found, AlgebraicProof):
            known.setdefault(one.id, []).append(found)
        yield Entry(one, found, searched, time.process_time() - started)


def _as_moved(
    one: Obligation, others: Sequence[Obligation], known: Mapping[str, Sequence[AlgebraicProof]]
) -> AlgebraicProof | None:
    """The proof for derived values moved outward, if it serves for the unmoved ones too."""
    for other in others:
        if other.kind is Kind.WEAKEN and other.goal == one.goal and one.kind is Kind.SOUND:
            for proof in known.get(other.id, ()):
                found = unmoved(other, proof)
                if isinstance(check(one, found), Accepted):
                    return found
    return None


def searched_for(obligation: Obligation) -> AlgebraicProof | NotFound:
    """A proof that the checker accepts; none where a small point refutes the obligation."""
    if sample(obligation, _POINTS) is not None:
        return NotFound("refuted at a point")
    lemmas = LEMMAS.get(obligation.id.partition("/")[0], ())
    found = find_proof(obligation, MONOMIALS, lemmas)
    if isinstance(found, NotFound):
        return found
    if isinstance(check(obligation, found), Rejected):
        return NotFound("the proof that was found is rejected")
    return shortened(obligation, found)


def stored(entries: Iterable[Entry]) -> Proofs:
    """The different proofs by obligation, in the order of the ids."""
    found: dict[str, list[AlgebraicProof]] = {}
    for entry in entries:
        if isinstance(entry.found, AlgebraicProof):
            proofs = found.setdefault(entry.obligation.id, [])
            if entry.found not in proofs:
                proofs.append(entry.found)
    return dict(sorted(found.items()))


def main(arguments: Sequence[str]) -> int:
    """Regenerate the files of some rules, or of all; 1 if a proof was not found."""
    anew = "--anew" in arguments
    names = [one for one in arguments if one != "--anew"]
    every = (*CATALOGUE, *EXECUTED)
    rules = [rule for rule in every if not names or rule.name in names]
    folder, missing = Path(str(files("refsem.obligations").joinpath("proofs"))), 0
    folder.mkdir(exist_ok=True)
    for rule in rules:
        entries = []
        for entry in proved(rule, {} if anew else read(rule.name)):
            entries.append(entry)
            what = entry.found.reason if isinstance(entry.found, NotFound) else "proved"
            missing += isinstance(entry.found, NotFound)
            how = "searched" if entry.searched else "kept"
            sys.stdout.write(f"{entry.obligation.id}: {what}, {how}, {entry.seconds:.2f} s\n")
        text = file_text(rule.name, stored(entries))
        (folder / f"{rule.name}.json").write_text(text, encoding="utf-8")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
