"""WebAssembly functions as programs over the operations of refsem.

A program is a list of steps on a stack of patterns: constants, parameters, and instructions that
are one operation each. Only straight-line functions of delivered instructions have one; of any
other function the reason is kept (`Unsupported`), so that assertions about it are skipped by name.

The arithmetic is WebAssembly's: round to nearest even, canonical NaNs, truncating conversions that
trap where they are invalid. Source: the WebAssembly core specification, numerics.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from refsem.binary32.catalogue import BY_NAME, Answer, Call, Kind
from refsem.fuzz.wasm_text import Atom, Form, float_pattern, integer_pattern
from refsem.rounding import BINARY32, BINARY64, RISCV, Mode
from refsem.rounding.environment import INVALID

Implementation = Callable[[str, Call], Answer]
"""What answers calls of operations by name: the model, the kernel, or a mutant of either."""

TYPES = {"f32": BINARY32, "f64": BINARY64, "i32": None, "i64": None}
WIDTHS = {"f32": 32, "f64": 64, "i32": 32, "i64": 64}


@dataclass(frozen=True, slots=True)
class Unsupported:
    """Why a function or an assertion is not delivered."""

    reason: str


@dataclass(frozen=True, slots=True)
class Trapped:
    """The outcome of a program that traps."""


@dataclass(frozen=True, slots=True)
class Constant:
    """Push a pattern."""

    pattern: int


@dataclass(frozen=True, slots=True)
class Parameter:
    """Push an operand of the program."""

    place: int


@dataclass(frozen=True, slots=True)
class Operate:
    """Replace the topmost patterns by the answer of an operation."""

    name: str
    mode: Mode
    traps: bool


@dataclass(frozen=True, slots=True)
class Move:
    """Replace the topmost patterns by a pattern made of their bits."""

    arity: int
    function: Callable[..., int]


Step = Constant | Parameter | Operate | Move


@dataclass(frozen=True, slots=True)
class Program:
    """A function: the types of its parameters and of its result, and its steps."""

    parameters: tuple[str, ...]
    result: str
    steps: tuple[Step, ...]

    def run(
        self, implementation: Implementation, operands: Sequence[int]
    ) -> int | Trapped | Unsupported:
        """The pattern the function answers."""
        stack: list[int] = []
        for step in self.steps:
            match step:
                case Constant(pattern):
                    stack.append(pattern)
                case Parameter(place):
                    stack.append(operands[place])
                case Move(arity, function):
                    stack[-arity:] = [function(*stack[-arity:])]
                case Operate():
                    answer = _operate(implementation, step, stack)
                    if not isinstance(answer, int):
                        return answer
                    stack.append(answer)
        return stack[-1]


def _operate(
    implementation: Implementation, step: Operate, stack: list[int]
) -> int | Trapped | Unsupported:
    """The answer of one operation on the topmost patterns, which are taken off."""
    operation = BY_NAME[step.name]
    arity = len(operation.operands)
    operands = tuple(stack[-arity:])
    del stack[-arity:]
    bits, flags = implementation(step.name, Call(step.mode, operands, False, RISCV))
    if operation.result in _INTEGERS and flags & INVALID:
        if step.traps:
            return Trapped()
        if operands[0] & ~BINARY32.sign_bit > BINARY32.infinity:
            return Unsupported("a saturating conversion of a NaN: refsem has no rule giving 0")
    return bits


_INTEGERS = (Kind.INT32, Kind.INT64, Kind.UINT32, Kind.UINT64)


def _arithmetic(name: str, mode: Mode) -> Operate:
    return Operate(name, mode, traps=False)


def _truncation(name: str, *, traps: bool) -> Operate:
    return Operate(name, Mode.RTZ, traps)


_KEEP = Move(1, lambda x: x)

INSTRUCTIONS: dict[str, Step] = {
    **{f"f32.{name}": _arithmetic(name, Mode.RNE) for name in ("add", "sub", "mul", "div", "sqrt")},
    "f32.min": _arithmetic("minimum", Mode.RNE),
    "f32.max": _arithmetic("maximum", Mode.RNE),
    "f32.ceil": _arithmetic("round_to_integral", Mode.RTP),
    "f32.floor": _arithmetic("round_to_integral", Mode.RTN),
    "f32.trunc": _arithmetic("round_to_integral", Mode.RTZ),
    "f32.nearest": _arithmetic("round_to_integral", Mode.RNE),
    "f32.abs": _arithmetic("absolute", Mode.RNE),
    "f32.neg": _arithmetic("negate", Mode.RNE),
    "f32.copysign": _arithmetic("copy_sign", Mode.RNE),
    "f32.eq": _arithmetic("compare_quiet_equal", Mode.RNE),
    "f32.ne": _arithmetic("compare_quiet_not_equal", Mode.RNE),
    "f32.lt": _arithmetic("compare_signalling_less", Mode.RNE),
    "f32.le": _arithmetic("compare_signalling_less_equal", Mode.RNE),
    "f32.gt": _arithmetic("compare_signalling_greater", Mode.RNE),
    "f32.ge": _arithmetic("compare_signalling_greater_equal", Mode.RNE),
    "f32.demote_f64": _arithmetic("from_binary64", Mode.RNE),
    "f64.promote_f32": _arithmetic("to_binary64", Mode.RNE),
    **{
        f"f32.convert_{kind}_{sign}": _arithmetic(f"from_{prefix}{kind[1:]}", Mode.RNE)
        for kind in ("i32", "i64")
        for sign, prefix in (("s", "int"), ("u", "uint"))
    },
    **{
        f"{kind}.trunc{infix}_f32_{sign}": _truncation(f"to_{prefix}{kind[1:]}", traps=not infix)
        for kind in ("i32", "i64")
        for sign, prefix in (("s", "int"), ("u", "uint"))
        for infix in ("", "_sat")
    },
    "i32.reinterpret_f32": _KEEP,
    "f32.reinterpret_i32": _KEEP,
    "i64.reinterpret_f64": _KEEP,
    "f64.reinterpret_i64": _KEEP,
    "i32.and": Move(2, lambda x, y: x & y),
    "i32.or": Move(2, lambda x, y: x | y),
    "i32.xor": Move(2, lambda x, y: x ^ y),
    "select": Move(3, lambda x, y, chosen: x if chosen else y),
}


def _arity(step: Step) -> int:
    match step:
        case Constant() | Parameter():
            return 0
        case Operate(name=name):
            return len(BY_NAME[name].operands)
        case Move(arity=arity):
            return arity


def literal(form: Form) -> tuple[str, int]:
    """The type and the pattern of `(TYPE.const LITERAL)`; `ValueError` for another form."""
    type_, _, word = form.head.partition(".")
    if word != "const" or type_ not in WIDTHS or len(form.items) != 2:
        raise ValueError(f"line {form.line}: a constant was expected")
    item = form.items[1]
    if not isinstance(item, Atom) or item.quoted:
        raise ValueError(f"line {form.line}: a number was expected")
    return type_, _pattern(type_, item)


def _pattern(type_: str, item: Atom) -> int:
    format_ = TYPES[type_]
    try:
        if format_ is None:
            return integer_pattern(WIDTHS[type_], item.text)
        return float_pattern(format_, item.text)
    except ValueError as error:
        raise ValueError(f"line {item.line}: {error}") from error


@dataclass(slots=True)
class _Compiler:
    """A function body being turned into steps, which consume what earlier ones pushed."""

    names: dict[str, int]
    steps: list[Step]
    depth: int

    def body(self, items: Sequence[Atom | Form]) -> Unsupported | None:
        """Append the steps of a sequence of folded and plain instructions."""
        arguments: Sequence[Atom | Form]
        place = 0
        while place < len(items):
            item = items[place]
            place += 1
            if isinstance(item, Form):
                word, arguments = item.head, item.items[1:]
            else:
                word, arguments = item.text, items[place : place + 1]
                place += 1 if _immediate(word) else 0
            refused = self._instruction(word, arguments, folded=isinstance(item, Form))
            if refused is not None:
                return refused
        return None

    def _instruction(
        self, word: str, arguments: Sequence[Atom | Form], *, folded: bool
    ) -> Unsupported | None:
        step: Step | None
        if _immediate(word):
            if not arguments or not isinstance(arguments[0], Atom):
                raise ValueError(f"{word} needs a word after it")
            step = self._immediate_step(word, arguments[0])
        else:
            step = INSTRUCTIONS.get(word)
            if step is not None and folded:
                refused = self.body(arguments)
                if refused is not None:
                    return refused
        if step is None:
            return Unsupported(f"{word} is not an operation of refsem")
        self.depth += 1 - _arity(step)
        if self.depth < 1:
            raise ValueError(f"{word} lacks an operand")
        self.steps.append(step)
        return None

    def _immediate_step(self, word: str, argument: Atom) -> Step:
        if word == "local.get":
            place = self.names.get(argument.text)
            if place is None:
                raise ValueError(f"line {argument.line}: there is no parameter {argument.text}")
            return Parameter(place)
        return Constant(_pattern(word.partition(".")[0], argument))


def _immediate(word: str) -> bool:
    return word == "local.get" or word in {f"{type_}.const" for type_ in WIDTHS}


def compile_function(form: Form) -> Program | Unsupported:
    """The program of a `(func …)`; `ValueError` where it is malformed."""
    parameters: list[str] = []
    names: dict[str, int] = {}
    results: list[str] = []
    body: list[Atom | Form] = []
    for item in form.items[1:]:
        head = item.head if isinstance(item, Form) else ""
        if isinstance(item, Atom) and item.text.startswith("$") and not body:
            continue
        if head == "param" and isinstance(item, Form):
            _declare(item, parameters, names)
        elif head == "result" and isinstance(item, Form):
            results += _types(item)
        elif head in ("local", "import"):
            return Unsupported(f"the function has a {head}")
        elif head not in ("export", "type"):
            body.append(item)
    compiler = _Compiler(names, [], 0)
    refused = compiler.body(body)
    if refused is not None:
        return refused
    if len(results) != 1 or compiler.depth != 1:
        return Unsupported("the function does not answer exactly one value")
    return Program(tuple(parameters), results[0], tuple(compiler.steps))


def _types(form: Form) -> list[str]:
    """The number types a `(param …)` or `(result …)` lists, a name left out."""
    words = [item.text for item in form.items[1:] if isinstance(item, Atom)]
    types = words[1:] if words and words[0].startswith("$") else words
    for word in types:
        if word not in WIDTHS:
            raise ValueError(f"line {form.line}: {word} is not a number type")
    return types


def _declare(form: Form, parameters: list[str], names: dict[str, int]) -> None:
    """Enter the parameters of `(param $name TYPE)` or `(param TYPE …)`."""
    first = form.items[1] if len(form.items) > 1 else None
    for type_ in _types(form):
        names[str(len(parameters))] = len(parameters)
        if isinstance(first, Atom) and first.text.startswith("$"):
            names[first.text] = len(parameters)
        parameters.append(type_)
