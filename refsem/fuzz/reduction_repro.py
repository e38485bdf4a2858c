"""A finding on a reduction as programs to paste: Python, and C where a library is tested."""

from refsem.fuzz.reduction_campaign import ReductionFinding
from refsem.fuzz.repro import Repro

_CALLS = {
    "numpy": ("", "np.{name}({letters})"),
    "torch": (
        "import torch\nx, y = torch.from_numpy(x), torch.from_numpy(y)\n",
        "torch.{name}({letters})",
    ),
}


def reduction_repro(target: str, finding: ReductionFinding) -> Repro:
    """The programs that show a finding; no C where nothing can be linked with."""
    kind, _, rest = target.partition(":")
    c = _c(rest, finding) if kind == "library" else ""
    return Repro(_python(kind, rest, finding), c)


def _letters(finding: ReductionFinding) -> str:
    return "x, y" if finding.y else "x"


def _patterns(patterns: tuple[int, ...]) -> str:
    return ", ".join(f"0x{bits:08X}" for bits in patterns)


def _python(kind: str, rest: str, finding: ReductionFinding) -> str:
    name, letters = finding.name, _letters(finding)
    lines = ["import numpy as np"]
    for letter, patterns in (("x", finding.x), ("y", finding.y or finding.x)):
        lines.append(f"{letter} = np.array([{_patterns(patterns)}], np.uint32).view(np.float32)")
    if kind == "library":
        pointers = ", ".join(f"{letter}.ctypes.data_as(pointer)" for letter in letters.split(", "))
        count = len(letters.split(", "))
        lines += [
            "import ctypes",
            "pointer = ctypes.POINTER(ctypes.c_float)",
            f"function = ctypes.CDLL({rest!r}).{name}",
            "function.restype = ctypes.c_float",
            f"function.argtypes = [pointer] * {count} + [ctypes.c_size_t]",
            f"result = function({pointers}, x.size)",
        ]
    elif kind == "python":
        module, _, function = rest.partition(":")
        lines += [f"import {module}", f"result = {module}.{function or name}({letters})"]
    else:
        before, call = _CALLS[kind]
        lines.append(f"{before}result = {call.format(name=name, letters=letters)}")
    got = "np.float32(result).view(np.uint32)"
    lines.append(f'print("target {{:08X}}, right {finding.expected}".format({got}))')
    return "\n".join(lines)


def _c(library: str, finding: ReductionFinding) -> str:
    letters = _letters(finding).split(", ")
    count = len(finding.x)
    pointers = ", ".join(["const float *"] * len(letters))
    lines = ["#include <stddef.h>", "#include <stdint.h>", "#include <stdio.h>"]
    lines += ["#include <string.h>"]
    lines.append(f"float {finding.name}({pointers}, size_t);  /* link with {library} */")
    lines.append("int main(void) {")
    for letter, patterns in (("x", finding.x), ("y", finding.y)):
        if letter in letters:
            lines.append(f"  uint32_t {letter}_bits[] = {{{_patterns(patterns)}}};")
            lines.append(f"  float {letter}[{count}];")
            lines.append(f"  memcpy({letter}, {letter}_bits, sizeof {letter});")
    lines.append(f"  float result = {finding.name}({', '.join(letters)}, {count});")
    lines += ["  uint32_t bits;", "  memcpy(&bits, &result, 4);"]
    lines.append(f'  printf("got 0x%08X, right {finding.expected}\\n", (unsigned)bits);')
    lines += ["  return 0;", "}"]
    return "\n".join(lines)
