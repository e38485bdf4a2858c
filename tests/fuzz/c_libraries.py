"""Shared libraries compiled for a test: sources with known departures from IEEE 754."""

import platform
import shutil
import subprocess
from pathlib import Path

import pytest

PLAIN = """
#include <stddef.h>
#include <math.h>
#include <stdint.h>
#include <string.h>
static uint32_t bits(float x) { uint32_t b; memcpy(&b, &x, 4); return b; }
float add(float x, float y) { return x + y; }
float mul(float x, float y) { return x * y; }
float mul_add(float x, float y, float z) { return x * y + z; }
float negate(float x) { return -x; }
float relu(float x) { return x > 0 ? x : 0; }
float f(float x, float y) { return x - y; }
int32_t to_int32(float x) { return (int32_t)x; }
int32_t signalling(float x) { return (int32_t)(bits(x) == 0x7F800001u); }
float sum(const float *x, size_t n) {
  float total = 0;
  for (size_t i = 0; i < n; i++) total += x[i];
  return total;
}
float dot(const float *x, const float *y, size_t n) {
  float total = 0;
  for (size_t i = 0; i < n; i++) total += x[i] * y[i];
  return total;
}
"""

CRASHING = """
#include <stdlib.h>
float add(float x, float y) { abort(); return x + y; }
"""

FLUSHING = """
#include <xmmintrin.h>
__attribute__((constructor)) static void flush(void) { _mm_setcsr(_mm_getcsr() | 0x8040); }
float add(float x, float y) { return x + y; }
float mul(float x, float y) { return x * y; }
"""

RESULTS_FLUSHED = FLUSHING.replace("0x8040", "0x8000")

X86 = platform.machine() == "x86_64"


def compiled(folder: Path, source: str, *options: str) -> str:
    """The library of a source; the test is skipped by name without a compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler: C libraries cannot be made")
    text, library = folder / "library.c", folder / "library.so"
    text.write_text(source, encoding="ascii")
    command = [compiler, "-O2", "-shared", "-fPIC", *options, "-o", str(library), str(text), "-lm"]
    subprocess.run(command, check=True, capture_output=True)
    return f"library:{library}"


def unfused(folder: Path) -> str:
    return compiled(folder, PLAIN, "-ffp-contract=off")


def contracting(folder: Path) -> str:
    if not X86:
        pytest.skip("not an x86-64 machine: -mfma is unknown")
    if "fma" not in Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").split():
        pytest.skip("this processor has no fused multiply-add")
    return compiled(folder, PLAIN, "-mfma", "-ffp-contract=fast")


def flushing(folder: Path, source: str) -> str:
    if not X86:
        pytest.skip("not an x86-64 machine: there is no such control register")
    return compiled(folder, source)
