"""Proofs of the rules: how long checking the stored ones takes, and searching for them anew.

    python benchmarks/proof_search.py [--search] [RULE...]

Prints CPU seconds a rule: all stored proofs checked, and with --search all of them found again
from nothing (minutes for the whole catalogue). Beside the operators that ProveSound (OOPSLA 2025)
has examples for stand the seconds that it took on a machine of the same kind, measured once and
not in this run: it asks z3 for all obligations of an operator's transformer at a bounded width.
"""

import statistics
import sys
import time
from collections.abc import Mapping

from refsem.obligations.algebra.search import NotFound
from refsem.obligations.algebra.store import provable, proved
from refsem.obligations.algebra.stored import checked
from refsem.rules import BY_NAME, CATALOGUE, Rule

PROVESOUND: Mapping[str, tuple[float, tuple[str, ...]]] = {
    "ReLU, intervals": (1.3, ("relu_interval",)),
    "ReLU, lines": (2.5, ("relu_upper", "relu_lower", "relu_triangle")),
    "product": (2.4, ("product_interval", "product_upper", "product_lower")),
    "hard-tanh": (5.2, ("clip_interval", "clip_upper", "clip_lower")),
    "hard-swish": (4.4, ("hard_swish_interval", "hard_swish_upper", "hard_swish_lower")),
    "max-pool, 2": (2.4, ("max_interval", "max_upper", "max_lower")),
    "max-pool, 8; any": (63.5, ("max_fold_interval", "max_fold_upper", "max_fold_lower")),
}
"""ProveSound's CPU seconds, and the rules that say as much or more."""


def checking(rule: Rule) -> float:
    """Seconds in which every obligation of the rule is matched with a stored proof, checked."""
    began = time.process_time()
    missing = [one.id for one in provable(rule) if checked(one) is None]
    if missing:
        print(f"  no proof: {', '.join(missing)}")
    return time.process_time() - began


def searching(rule: Rule) -> float:
    """Seconds in which every proof of the rule is found again."""
    began = time.process_time()
    for entry in proved(rule, {}):
        if isinstance(entry.found, NotFound):
            print(f"  {entry.obligation.id}: {entry.found.reason}")
    return time.process_time() - began


def report(what: str, seconds: Mapping[str, float]) -> None:
    """The whole, the median and the greatest of some times."""
    slowest = max(seconds, key=lambda name: seconds[name])
    total, middle = sum(seconds.values()), statistics.median(seconds.values())
    print(
        f"{what}: {total:.2f} s for {len(seconds)} rules, median {middle:.3f}, "
        f"greatest {seconds[slowest]:.2f} ({slowest})"
    )


def main(arguments: list[str]) -> None:
    """Time the rules named, or all."""
    names = [one for one in arguments if one != "--search"]
    rules = [BY_NAME[name] for name in names] or CATALOGUE
    check = {rule.name: checking(rule) for rule in rules}
    report("stored proofs checked", check)
    search = {rule.name: searching(rule) for rule in rules} if "--search" in arguments else {}
    if search:
        report("proofs searched", search)
    print(f"{'operator':18} {'check':>8} {'search':>8} {'ProveSound':>11}")
    for operator, (theirs, wanted) in PROVESOUND.items():
        if all(name in check for name in wanted):
            ours = sum(check[name] for name in wanted)
            found = f"{sum(search[name] for name in wanted):8.2f}" if search else f"{'':8}"
            print(f"{operator:18} {ours:8.3f} {found} {theirs:11.1f}")


if __name__ == "__main__":
    main(sys.argv[1:])
