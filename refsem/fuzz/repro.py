"""A finding as programs to paste: Python and C, on the operands' bits."""

from dataclasses import dataclass

from refsem.binary32.catalogue import FORMATS, Kind
from refsem.fuzz.judging import Finding
from refsem.fuzz.operations import BY_NAME
from refsem.fuzz.targets.target import HOST_TYPES, Target
from refsem.rounding import Environment, Mode

C_EXPRESSIONS = {
    "add": "x + y",
    "sub": "x - y",
    "mul": "x * y",
    "div": "x / y",
    "fma": "fmaf(x, y, z)",
    "mul_add": "x * y + z",
    "sqrt": "sqrtf(x)",
    "remainder": "remainderf(x, y)",
    "round_to_integral": "rintf(x)",
    "log_b": "logbf(x)",
    "negate": "-x",
    "absolute": "fabsf(x)",
    "copy_sign": "copysignf(x, y)",
    "next_up": "nextafterf(x, INFINITY)",
    "next_down": "nextafterf(x, -INFINITY)",
    "minimum_number": "fminf(x, y)",
    "maximum_number": "fmaxf(x, y)",
    "min_num": "fminf(x, y)",
    "max_num": "fmaxf(x, y)",
    "minimum": "x < y ? x : y",
    "maximum": "x > y ? x : y",
    "relu": "x > 0 ? x : 0",
    "sigmoid": "1 / (1 + expf(-x))",
    "rsqrt": "1 / sqrtf(x)",
    "compare_quiet_equal": "x == y",
    "compare_quiet_not_equal": "x != y",
    "compare_quiet_unordered": "isunordered(x, y)",
}
_RELATIONS = {"less": "<", "less_equal": "<=", "greater": ">", "greater_equal": ">="}
C_TYPES = {
    Kind.BINARY32: "float",
    Kind.BINARY64: "double",
    Kind.BINARY16: "_Float16",
    Kind.BFLOAT16: "__bf16",
    Kind.INT32: "int32_t",
    Kind.INT64: "int64_t",
    Kind.UINT32: "uint32_t",
    Kind.UINT64: "uint64_t",
    Kind.BOOLEAN: "_Bool",
}
FE = {
    Mode.RNE: "FE_TONEAREST",
    Mode.RTP: "FE_UPWARD",
    Mode.RTN: "FE_DOWNWARD",
    Mode.RTZ: "FE_TOWARDZERO",
}
_LETTERS = "xyz"


@dataclass(frozen=True, slots=True)
class Repro:
    """Programs to paste."""

    python: str
    c: str


def repro(target: Target, finding: Finding) -> Repro:
    """The programs that show a finding."""
    return Repro(python_repro(target, finding), c_repro(target, finding))


def _hexadecimal(kind: Kind, bits: int) -> str:
    return f"0x{bits:0{max(1, kind.width // 4)}X}"


def python_repro(target: Target, finding: Finding) -> str:
    """A Python program that shows the target's answer beside the model's."""
    operation = BY_NAME[finding.question.operation]
    expected = _hexadecimal(operation.result, finding.expected[0])
    lines = [target.preamble]
    if target.name == "kernel":
        lines += _kernel_lines(finding)
        return "\n".join([*lines, f"# the model: {expected}, flags {finding.expected[1]:02X}"])
    for letter, kind, bits in zip(_LETTERS, operation.operands, finding.operands, strict=False):
        type_ = HOST_TYPES[kind].__name__
        array = f"np.array([{_hexadecimal(kind, bits)}], np.uint{kind.width})"
        lines.append(f"{letter} = {array}.view(np.{type_})")
    if finding.question.mode is not Mode.RNE and operation.moded:
        lines.append(f"# with the rounding direction {FE.get(finding.question.mode, 'RNA')} set")
    expression = target.functions[operation.name].python
    for letter in _LETTERS[: len(operation.operands)] if target.name == "torch" else "":
        lines.append(f"{letter} = torch.from_numpy({letter})")
    if target.c_library:
        symbol, *_ = expression.removeprefix("library.").partition("(")
        lines.append(f"library.{symbol}.restype = ctypes.c_float")
        lines.append(f"library.{symbol}.argtypes = [ctypes.c_float] * {len(operation.operands)}")
        letters = _LETTERS[: len(operation.operands)]
        expression = f"library.{symbol}({', '.join(f'{letter}[0]' for letter in letters)})"
    width = max(8, operation.result.width)
    result_type = HOST_TYPES[operation.result].__name__
    lines.append(f"result = np.asarray({expression}).astype(np.{result_type}).reshape(1)")
    lines.append(
        f'print("target {{:#X}}, right {expected}".format(result.view(np.uint{width})[0]))'
    )
    return "\n".join(lines)


def _kernel_lines(finding: Finding) -> list[str]:
    question = finding.question
    operands = "".join(f"{bits:#x}, " for bits in finding.operands)
    exact = BY_NAME[question.operation].exactness
    name = question.operation
    return [
        "from refsem.binary32.catalogue import Call",
        "from refsem.kernel.catalogue import BY_NAME",
        f"environment = {_environment_text(question.environment)}",
        f"call = Call(Mode.{question.mode.value}, ({operands}), {exact}, environment)",
        f'print([hex(n) for n in BY_NAME["{name}"].evaluate(call)])',
    ]


def _environment_text(environment: Environment) -> str:
    return (
        f"Environment(tininess=Tininess.{environment.tininess.name}, "
        f"nan_policy=NanPolicy.{environment.nan_policy.name}, "
        f"fused_nan_invalid={environment.fused_nan_invalid}, "
        f"invalid_integer=InvalidInteger.{environment.invalid_integer.name}, "
        f"flush_to_zero={environment.flush_to_zero}, "
        f"denormals_are_zero={environment.denormals_are_zero})"
    )


def c_expression(name: str) -> str:
    """The operation in C on x, y, z."""
    if name in C_EXPRESSIONS:
        return C_EXPRESSIONS[name]
    if name.startswith("compare_"):
        relation = name.removeprefix("compare_quiet_").removeprefix("compare_signalling_")
        if relation in _RELATIONS:
            return f"x {_RELATIONS[relation]} y"
        return f"{name}(x, y)"
    if name.startswith(("to_", "from_")):
        return f"({C_TYPES[BY_NAME[name].result]})x"
    letters = ", ".join(_LETTERS[: len(BY_NAME[name].operands)])
    return f"{name}f({letters})"


def c_repro(target: Target, finding: Finding) -> str:
    """A C program of the same operation; linked with the library that is tested, if one is."""
    question = finding.question
    operation = BY_NAME[question.operation]
    result = C_TYPES[operation.result]
    letters = _LETTERS[: len(operation.operands)]
    lines = ["#include <fenv.h>", "#include <math.h>", "#include <stdint.h>"]
    lines += ["#include <stdio.h>", "#include <string.h>"]
    expression = c_expression(operation.name)
    if operation.name in target.symbols:
        symbol = target.symbols[operation.name]
        types = ", ".join(C_TYPES[kind] for kind in operation.operands)
        lines.append(f"{result} {symbol}({types});  /* link with {target.c_library} */")
        expression = f"{symbol}({', '.join(letters)})"
    lines.append("int main(void) {")
    for letter, kind, bits in zip(letters, operation.operands, finding.operands, strict=True):
        width = kind.width
        lines.append(f"  uint{width}_t {letter}_bits = {_hexadecimal(kind, bits)};")
        lines.append(f"  volatile {C_TYPES[kind]} {letter};")
        lines.append(f"  memcpy((void *)&{letter}, &{letter}_bits, {width // 8});")
    if operation.moded and question.mode in FE and question.mode is not Mode.RNE:
        lines.append(f"  fesetround({FE[question.mode]});")
    width = max(8, operation.result.width)
    lines.append(f"  volatile {result} result = {expression};")
    lines.append(f"  uint{width}_t bits;")
    lines.append(f"  memcpy(&bits, (void *)&result, {width // 8});")
    expected = _hexadecimal(operation.result, finding.expected[0])
    lines.append(f'  printf("got 0x%0{width // 4}llX, right {expected}\\n",')
    lines.append("         (unsigned long long)bits);")
    lines.append("  return 0;")
    lines.append("}")
    return "\n".join(lines)


def value_text(kind: Kind, bits: int) -> str:
    """A pattern as a value for people."""
    if kind in FORMATS:
        from_format = FORMATS[kind]
        return _float_text(from_format.precision, from_format.exponent_bits, bits)
    if kind in (Kind.INT32, Kind.INT64) and bits >> (kind.width - 1):
        return str(bits - (1 << kind.width))
    return str(bits)


def _float_text(precision: int, exponent_bits: int, bits: int) -> str:
    width = precision + exponent_bits
    sign = "-" if bits >> (width - 1) else ""
    field, trailing = divmod(bits & ((1 << (width - 1)) - 1), 1 << (precision - 1))
    if field == (1 << exponent_bits) - 1:
        quiet = trailing >> (precision - 2)
        kind = "inf" if not trailing else f"{'' if quiet else 's'}nan:0x{trailing:x}"
        return sign + kind
    padding = -(precision - 1) % 4
    digits = f"{trailing << padding:0{(precision - 1 + padding) // 4}x}".rstrip("0")
    exponent = max(field, 1) - ((1 << (exponent_bits - 1)) - 1) if field or trailing else 0
    return f"{sign}0x{min(field, 1)}{'.' if digits else ''}{digits}p{exponent:+d}"
