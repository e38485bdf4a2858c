"""One theorem for each obligation of a rule, where there is one in core Lean.

What is stated in words (`lift`, facts) has none, nor what claims a point for a named function.

A statement is generated from its obligation alone and never edited. Its variables are the rule's;
its hypotheses are the definitions of the derived values (an equation, or an inequality where the
value may have been moved outward) and the premises, named as in the obligation.

- `defined`, `sound`, `weaken`, `cited` are implications over any ordered field. A named function
  in them is any function of which the hypotheses (cited facts among them) are true.
- `inhabited` says over any ordered field that a point meets the sides.
- `needed` says that some rational point meets the other sides and fails the claim. It is stated
  where the obligation is expected refuted and a small point is found.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum

from lean_export.layout import broken, filled
from lean_export.terms import lean_name, relation_text
from refsem.exact.functions import Function
from refsem.ir.terms import (
    Comparison,
    Relation,
    Term,
    free_variables,
    relation_terms,
    subterms,
)
from refsem.obligations.obligation import Definition, Expected, Kind, Obligation, Point
from refsem.obligations.sampling import search
from refsem.rules import Outward

_PROVED_KINDS = ("inhabited", "defined", "sound", "weaken", "cited")
_POINTS = 2000
"""How many small points are tried where a theorem needs one."""


class Shape(Enum):
    """What a theorem says of its hypotheses and its goal."""

    IMPLICATION = "implication"
    """The hypotheses imply the goal."""
    EXISTENCE = "existence"
    """Some point meets the hypotheses; there is no goal."""
    COUNTEREXAMPLE = "counterexample"
    """Some rational point meets the hypotheses and fails the goal."""

    @property
    def numbers(self) -> str:
        """The type of the variables."""
        return "Rat" if self is Shape.COUNTEREXAMPLE else "α"


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A named hypothesis; `defines` where it is the equation or bound of a derived value."""

    name: str
    relation: Relation
    defines: bool


@dataclass(frozen=True, slots=True)
class Statement:
    """A theorem without its proof; a point of its own where it claims that there is one."""

    name: str
    obligation: Obligation
    shape: Shape
    implicit: tuple[str, ...]
    explicit: tuple[str, ...]
    hypotheses: tuple[Hypothesis, ...]
    goal: Relation | None
    point: Point | None

    @property
    def functions(self) -> tuple[str, ...]:
        """The named functions that the theorem is about."""
        relations = [hypothesis.relation for hypothesis in self.hypotheses]
        relations.extend(() if self.goal is None else (self.goal,))
        return named_functions(relations)


def has_theorem(obligation: Obligation) -> bool:
    """Whether the obligation is stated as a theorem.

    One that claims a point has none if it is about a named function: an arbitrary function in its
    place need not have such a point, and core Lean knows no other.
    """
    if obligation.kind is Kind.NEEDED:
        asked = obligation.expected is Expected.REFUTED
    else:
        asked = obligation.kind.value in _PROVED_KINDS and obligation.expected is Expected.PROVED
    about_point = obligation.kind in (Kind.NEEDED, Kind.INHABITED)
    return asked and not (about_point and named_functions(_relations(obligation)))


def _relations(obligation: Obligation) -> tuple[Relation, ...]:
    """The premises and goals of an obligation and its parts."""
    goal = () if obligation.goal is None else (obligation.goal,)
    parts = (relation for part in obligation.parts for relation in _relations(part))
    return (*(premise.relation for premise in obligation.premises), *goal, *parts)


def named_functions(relations: Iterable[Relation]) -> tuple[str, ...]:
    """The names of the functions that some relations mention."""
    heads = (node.head for root in relation_terms(relations) for node in subterms(root))
    return tuple(dict.fromkeys(head.value for head in heads if isinstance(head, Function)))


def theorem_name(obligation: Obligation) -> str:
    """The theorem's name: the rule, then the claim or the question, in mathlib's manner."""
    rule, kind, *what = obligation.id.split("/")
    words = (rule, *what, kind) if obligation.kind is Kind.SOUND else (rule, kind, *what)
    return "_".join(words)


def statement(obligation: Obligation) -> Statement:
    """The theorem of an obligation for which `has_theorem`."""
    if obligation.kind is Kind.INHABITED:
        return _existence(obligation)
    if obligation.kind is Kind.NEEDED:
        return _counterexample(obligation)
    hypotheses = _hypotheses(obligation)
    # A variable that a hypothesis mentions is found by unification; the others are handed over.
    implicit = _mentioned(hypotheses)
    explicit = _in_goal(obligation) - implicit
    return Statement(
        theorem_name(obligation),
        obligation,
        Shape.IMPLICATION,
        _ordered(obligation, implicit),
        _ordered(obligation, explicit),
        _apart(hypotheses, implicit | explicit),
        obligation.goal,
        None,
    )


def _existence(obligation: Obligation) -> Statement:
    premises = _hypotheses(obligation)
    variables = _ordered(obligation, {*obligation.free, *_mentioned(premises)})
    name, point = theorem_name(obligation), search(obligation, _POINTS)
    return Statement(name, obligation, Shape.EXISTENCE, (), variables, premises, None, point)


def _counterexample(obligation: Obligation) -> Statement:
    """The first part that a small point refutes; the last part, without a point, if none does."""
    for part in obligation.parts:
        refuted = refutation(part)
        if refuted.point is not None:
            break
    return replace(refuted, name=theorem_name(obligation), obligation=obligation)


def refutation(obligation: Obligation) -> Statement:
    """The negation of an obligation with a goal, at a small point that fails it if one is found."""
    hypotheses = _hypotheses(obligation)
    variables = _ordered(obligation, _mentioned(hypotheses) | _in_goal(obligation))
    point = search(obligation, _POINTS)
    name, shape = f"not_{theorem_name(obligation)}", Shape.COUNTEREXAMPLE
    return Statement(name, obligation, shape, (), variables, hypotheses, obligation.goal, point)


def _hypotheses(obligation: Obligation) -> tuple[Hypothesis, ...]:
    premises = (
        Hypothesis(premise.name, premise.relation, defines=False) for premise in obligation.premises
    )
    return (*(_defining(definition) for definition in _relevant(obligation)), *premises)


def _in_goal(obligation: Obligation) -> set[str]:
    goal = () if obligation.goal is None else (obligation.goal,)
    return set(free_variables(relation_terms(goal)))


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
    premises = (premise.relation for premise in obligation.premises)
    needed = set(free_variables(relation_terms(premises))) | _in_goal(obligation)
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
    if stated.shape is not Shape.IMPLICATION or stated.goal is None:
        return (f"theorem {stated.name} :", *broken(_some_point(stated), 4, 6))
    binders = []
    if stated.functions:
        binders.append(f"{{{_names(stated.functions)} : α → α}}")
    if stated.implicit:
        binders.append(f"{{{_names(stated.implicit)} : α}}")
    if stated.explicit:
        binders.append(f"({_names(stated.explicit)} : α)")
    binders.extend(
        f"({lean_name(hypothesis.name)} : {relation_text(hypothesis.relation, 'α')})"
        for hypothesis in stated.hypotheses
    )
    head = filled(binders, 4)
    return (
        f"theorem {stated.name}",
        *head[:-1],
        f"{head[-1]} :",
        *broken(relation_text(stated.goal, "α"), 4, 6),
    )


def _some_point(stated: Statement) -> str:
    numbers = stated.shape.numbers
    parts = [relation_text(hypothesis.relation, numbers) for hypothesis in stated.hypotheses]
    if stated.goal is not None:
        parts.append(f"¬({relation_text(stated.goal, numbers)})")
    body = " ∧ ".join(parts) if parts else "True"
    return f"∃ {_names(stated.explicit)} : {numbers}, {body}" if stated.explicit else body


def _names(variables: Iterable[str]) -> str:
    return " ".join(lean_name(name) for name in variables)


def arguments(stated: Statement) -> str:
    """What the theorem's explicit binders hand on to another theorem of the same statement."""
    if stated.shape is not Shape.IMPLICATION:
        return ""
    named = (f"({name} := {name})" for name in map(lean_name, stated.functions))
    handed = (*stated.explicit, *(hypothesis.name for hypothesis in stated.hypotheses))
    return " ".join((*named, *map(lean_name, handed)))
