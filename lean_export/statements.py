"""One theorem for each obligation that is expected proved, over any ordered field.

A statement is generated from its obligation alone and never edited. Its variables are the rule's;
its hypotheses are the definitions of the derived values (an equation, or an inequality where the
value may have been moved outward) and the premises, named as in the obligation. `inhabited` is
an existence statement. What is expected refuted (`needed`) or stated in words (`lift`) has no
theorem here.
"""

from dataclasses import dataclass, replace

from lean_export.layout import broken, filled
from lean_export.terms import lean_name, relation_text
from refsem.ir.terms import Comparison, Relation, Term, free_variables, relation_terms
from refsem.obligations.obligation import Definition, Expected, Kind, Obligation
from refsem.rules import Outward

STATED_KINDS = (Kind.INHABITED, Kind.DEFINED, Kind.SOUND, Kind.WEAKEN)


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A named hypothesis; `defines` where it is the equation or bound of a derived value."""

    name: str
    relation: Relation
    defines: bool


@dataclass(frozen=True, slots=True)
class Statement:
    """A theorem without its proof.

    `goal` is None for an existence statement: some values of the explicit variables satisfy
    the hypotheses.
    """

    name: str
    obligation: Obligation
    implicit: tuple[str, ...]
    explicit: tuple[str, ...]
    hypotheses: tuple[Hypothesis, ...]
    goal: Relation | None

    @property
    def relations(self) -> tuple[Relation, ...]:
        """The hypotheses' relations and the goal, in the order of printing."""
        goal = () if self.goal is None else (self.goal,)
        return (*(hypothesis.relation for hypothesis in self.hypotheses), *goal)


def has_theorem(obligation: Obligation) -> bool:
    """Whether the obligation is stated as a theorem."""
    return obligation.kind in STATED_KINDS and obligation.expected is Expected.PROVED


def theorem_name(obligation: Obligation) -> str:
    """The theorem's name: the rule, then the claim or the question, in mathlib's manner."""
    rule, kind, *what = obligation.id.split("/")
    words = (rule, *what, kind) if obligation.kind is Kind.SOUND else (rule, kind, *what)
    return "_".join(words)


def statement(obligation: Obligation) -> Statement:
    """The theorem of an obligation for which `has_theorem`."""
    name = theorem_name(obligation)
    premises = tuple(
        Hypothesis(premise.name, premise.relation, defines=False) for premise in obligation.premises
    )
    if obligation.goal is None:
        variables = _ordered(obligation, {*obligation.free, *_mentioned(premises)})
        return Statement(name, obligation, (), variables, premises, None)
    defining = tuple(_defining(definition) for definition in _relevant(obligation))
    # A variable that a hypothesis mentions is found by unification; the others are handed over.
    implicit = _mentioned((*defining, *premises))
    explicit = set(free_variables((obligation.goal.left, obligation.goal.right))) - implicit
    return Statement(
        name,
        obligation,
        _ordered(obligation, implicit),
        _ordered(obligation, explicit),
        _apart((*defining, *premises), implicit | explicit),
        obligation.goal,
    )


def _mentioned(hypotheses: tuple[Hypothesis, ...]) -> set[str]:
    relations = (hypothesis.relation for hypothesis in hypotheses)
    return set(free_variables(relation_terms(relations)))


def _ordered(obligation: Obligation, names: set[str]) -> tuple[str, ...]:
    """The names in the order of the rule: free variables, derived values, any others."""
    derived = (definition.name for definition in obligation.definitions)
    known = dict.fromkeys((*obligation.free, *derived, *sorted(names)))
    return tuple(name for name in known if name in names)


def _relevant(obligation: Obligation) -> tuple[Definition, ...]:
    """The definitions on which premises or goal depend; fewer hypotheses say more."""
    relations = [premise.relation for premise in obligation.premises]
    relations.extend(() if obligation.goal is None else (obligation.goal,))
    needed = set(free_variables(relation_terms(relations)))
    kept = []
    for definition in reversed(obligation.definitions):
        if definition.name in needed:
            kept.append(definition)
            needed |= set(free_variables((definition.term,)))
    return tuple(reversed(kept))


def _defining(definition: Definition) -> Hypothesis:
    value = Term(definition.name)
    match definition.may_exceed:
        case Outward.EXACT:
            relation = Relation(Comparison.EQ, value, definition.term)
            return Hypothesis(f"{definition.name}_eq", relation, defines=True)
        case Outward.UP:
            return Hypothesis(f"le_{definition.name}", definition.term <= value, defines=True)
        case Outward.DOWN:
            return Hypothesis(f"{definition.name}_le", value <= definition.term, defines=True)


def _apart(hypotheses: tuple[Hypothesis, ...], variables: set[str]) -> tuple[Hypothesis, ...]:
    """The hypotheses with names that no variable has."""
    return tuple(
        replace(hypothesis, name=f"{hypothesis.name}_holds")
        if hypothesis.name in variables
        else hypothesis
        for hypothesis in hypotheses
    )


def signature(stated: Statement) -> tuple[str, ...]:
    """The theorem's lines from its name to the proposition, without the `:=`."""
    if stated.goal is None:
        return (f"theorem {stated.name} :", *broken(_existence(stated), 4, 6))
    binders = []
    if stated.implicit:
        binders.append(f"{{{_names(stated.implicit)} : α}}")
    if stated.explicit:
        binders.append(f"({_names(stated.explicit)} : α)")
    binders.extend(
        f"({lean_name(hypothesis.name)} : {relation_text(hypothesis.relation)})"
        for hypothesis in stated.hypotheses
    )
    head = filled(binders, 4)
    return (
        f"theorem {stated.name}",
        *head[:-1],
        f"{head[-1]} :",
        *broken(relation_text(stated.goal), 4, 6),
    )


def _existence(stated: Statement) -> str:
    parts = [relation_text(hypothesis.relation) for hypothesis in stated.hypotheses]
    body = " ∧ ".join(parts) if parts else "True"
    return f"∃ {_names(stated.explicit)} : α, {body}" if stated.explicit else body


def _names(variables: tuple[str, ...]) -> str:
    return " ".join(lean_name(name) for name in variables)


def arguments(stated: Statement) -> str:
    """What the theorem's explicit binders hand on to another theorem of the same statement."""
    names = (*stated.explicit, *(hypothesis.name for hypothesis in stated.hypotheses))
    return " ".join(lean_name(name) for name in names) if stated.goal is not None else ""
