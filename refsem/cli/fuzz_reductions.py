"""The part of `refsem fuzz` that concerns `sum` and `dot`: which are asked, and what is shown."""

from dataclasses import replace

from refsem.errors import InputError
from refsem.fuzz.campaign import Plan
from refsem.fuzz.division import NOTHING, Budget
from refsem.fuzz.guarded import Report, in_child
from refsem.fuzz.record import reduction_object
from refsem.fuzz.reduction_campaign import (
    NAMES,
    Exports,
    ReductionFinding,
    ReductionPlan,
    ReductionsFound,
    exports_of,
)
from refsem.fuzz.reduction_repro import reduction_repro
from refsem.rounding import Mode

NONE = ReductionsFound(NOTHING, ())


def divided(
    plan: Plan, patience: float, report: Report
) -> tuple[Plan | None, ReductionPlan | None]:
    """The plan without reductions, if anything else is asked, and that of the reductions.

    Reductions are asked where they are named, and of a library where nothing is; in round to
    nearest. Raises `InputError` for a named one asked otherwise.
    """
    named = tuple(name for name in plan.operations if name in NAMES)
    others = tuple(name for name in plan.operations if name not in NAMES)
    other = replace(plan, operations=others)
    if named:
        if set(plan.modes) - {Mode.RNE}:
            raise InputError("", "--mode", "sum and dot are asked in RNE only")
        return (other if others else None), ReductionPlan(plan.target, named, plan.seed)
    library = plan.target.startswith("library:")
    if others or not library or set(plan.modes) - {Mode.RNE}:
        return plan, None
    found: Exports = in_child(plan.target, exports_of, (plan.target,), patience, report)
    reductions = ReductionPlan(plan.target, found.reductions, plan.seed)
    return (plan if found.functions else None), (reductions if found.reductions else None)


def halved(budget: Budget) -> Budget:
    """Half of a budget, one case at least."""
    count = None if budget.count is None else max(1, budget.count // 2)
    return Budget(count, None if budget.seconds is None else budget.seconds / 2)


def orders_object(found: ReductionsFound) -> list[dict[str, object]]:
    """The orders of a campaign, for JSON."""
    return [
        {"name": name, "size": size, "order": words, "held": held}
        for name, size, words, held in found.orders
    ]


def shown_object(target: str, finding: ReductionFinding) -> dict[str, object]:
    """A finding and its programs, for JSON."""
    repro = reduction_repro(target, finding)
    return {**reduction_object(finding), "python": repro.python, "c": repro.c}


def reduction_lines(finding: ReductionFinding) -> list[str]:
    """A finding as text."""
    rows = [" ".join(f"{bits:08X}" for bits in row) for row in (finding.x, finding.y) if row]
    return [
        (
            f"{finding.name} of {len(finding.x)}: {'; '.join(rows)}: right {finding.expected}; "
            f"got {finding.got:08X}"
        ),
        f"  the order: {finding.order}",
    ]


def orders_lines(found: ReductionsFound) -> list[str]:
    """What results were held against, as text."""
    exact = [f"{name} of {size}" for name, size, _, held in found.orders if held]
    loose = [f"{name} of {size}" for name, size, _, held in found.orders if not held]
    lines = [f"held against their measured orders: {', '.join(exact)}"] if exact else []
    if loose:
        lines.append(f"held only against the bound of every order: {', '.join(loose)}")
    return lines
