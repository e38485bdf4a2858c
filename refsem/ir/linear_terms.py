"""Terms as linear maps: which terms are affine in the variables that are not constant.

A term is read as Σ factorᵢ · variableᵢ + constant, entry by entry, with exact tensors for the
factors. Products with a constant, quotients by a constant and selections by constants keep a term
affine; the rest does where nothing variable is in it. Terms that are affine for another reason
(x·x − x·x) are not found: to say `NotLinear` is always safe.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gmpy2 import mpq

from refsem.exact import ExactTensor
from refsem.exact.functions import Function
from refsem.ir.readings import IrrationalError, Tensors, UndefinedError
from refsem.ir.terms import Operator, Term, fold

_ZERO = ExactTensor.full((1, 1), mpq(0))
_ONE = ExactTensor.full((1, 1), mpq(1))


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """Σ factors[v] · v + constant; every tensor a row or a single number."""

    factors: Mapping[str, ExactTensor]
    constant: ExactTensor

    def scaled(self, factor: ExactTensor) -> "Linear":
        """Every factor and the constant times a tensor."""
        factors = {name: value * factor for name, value in self.factors.items()}
        return Linear(factors, self.constant * factor)


@dataclass(frozen=True, slots=True)
class NotLinear:
    """No such map was found."""

    reason: str


Value = Linear | NotLinear


@dataclass(frozen=True, slots=True)
class _LinearReading:
    """Terms as linear maps; `known` are the tensors bound to the constant variables."""

    known: Mapping[str, ExactTensor]

    def constant(self, value: mpq) -> Value:
        """The constant alone."""
        return Linear({}, ExactTensor.full((1, 1), value))

    def variable(self, name: str) -> Value:
        """The value of a known variable, or the variable itself."""
        if name in self.known:
            return Linear({}, self.known[name])
        return Linear({name: _ONE}, _ZERO)

    def apply(self, operator: Operator, arguments: tuple[Value, ...]) -> Value:
        """The map of a sum, of a product with a constant, or of constants."""
        maps: list[Linear] = []
        for argument in arguments:
            if isinstance(argument, NotLinear):
                return argument
            maps.append(argument)
        if not any(linear.factors for linear in maps):
            return _of_constants(operator, tuple(linear.constant for linear in maps))
        return _applied(operator, maps)

    def function(self, function: Function, argument: Value) -> Value:
        """The value at a constant where that is rational; else no map."""
        if isinstance(argument, Linear) and not argument.factors:
            try:
                return Linear({}, Tensors({}).function(function, argument.constant))
            except (IrrationalError, UndefinedError) as error:
                return NotLinear(str(error))
        return NotLinear(f"{function.value} of a variable tensor is not affine")


def linear_reading(root: Term, known: Mapping[str, ExactTensor]) -> Value:
    """The term as a linear map, if it is found to be one."""
    return fold(root, _LinearReading(known))


def _of_constants(operator: Operator, values: tuple[ExactTensor, ...]) -> Value:
    try:
        return Linear({}, Tensors({}).apply(operator, values))
    except ZeroDivisionError:
        return NotLinear("a division by zero")


def _applied(operator: Operator, maps: list[Linear]) -> Value:
    """The map of an operator of which some argument is variable."""
    found: Value = NotLinear(f"{operator.symbol} of variable tensors is not affine")
    match operator:
        case Operator.ADD:
            found = _merged(maps[0], maps[1], lambda x, y: x + y)
        case Operator.SUB:
            found = _merged(maps[0], maps[1], lambda x, y: x - y)
        case Operator.NEG:
            found = maps[0].scaled(-_ONE)
        case Operator.MUL if not maps[0].factors:
            found = maps[1].scaled(maps[0].constant)
        case Operator.MUL if not maps[1].factors:
            found = maps[0].scaled(maps[1].constant)
        case Operator.DIV if not maps[1].factors:
            inverse = _of_constants(Operator.DIV, (_ONE, maps[1].constant))
            found = inverse if isinstance(inverse, NotLinear) else maps[0].scaled(inverse.constant)
        case Operator.SELECT if not (maps[0].factors or maps[1].factors):
            first = maps[0].constant.less_equal(maps[1].constant)
            found = _merged(maps[2], maps[3], lambda x, y: x.where(first, y))
        case _:
            pass
    return found


def _merged(
    left: Linear, right: Linear, combine: Callable[[ExactTensor, ExactTensor], ExactTensor]
) -> Linear:
    names = dict.fromkeys((*left.factors, *right.factors))
    factors = {
        name: combine(left.factors.get(name, _ZERO), right.factors.get(name, _ZERO))
        for name in names
    }
    return Linear(factors, combine(left.constant, right.constant))
