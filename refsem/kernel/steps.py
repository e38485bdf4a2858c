"""Running a reduction: the steps of a tree one after the other, on integers.

A program is four lists. Step k has a code, up to two operands (earlier steps, or the index of a
term) and the layout of its format. Steps in binary32 throughout have codes of their own: they are
the kernel's add, mul and fma. `run` is a scalar function like all others: plain Python on lists,
and compiled on arrays.
"""

from collections.abc import MutableSequence, Sequence

from refsem.kernel.accumulation import (
    BINARY32_LAYOUT,
    add_values,
    convert_value,
    fuse_values,
    multiply_values,
)
from refsem.kernel.arithmetic import add, fma, mul
from refsem.kernel.packing import MAGNITUDE

ZERO, ELEMENT, CONVERT, PRODUCT, ADD, FUSED_ADD = 0, 1, 2, 3, 4, 5
ELEMENT_32, PRODUCT_32, ADD_32, FUSED_ADD_32 = 6, 7, 8, 9


def run(
    setting: int,
    codes: Sequence[int],
    left: Sequence[int],
    right: Sequence[int],
    layouts: Sequence[int],
    x: Sequence[int],
    y: Sequence[int],
    signs: MutableSequence[int],
    magnitudes: MutableSequence[int],
) -> int:
    """Fill in the sign and the magnitude of every step's result; the flags of all steps."""
    flags = 0
    for place in range(len(codes)):
        code, i, j = codes[place], left[place], right[place]
        if code >= ELEMENT_32:
            if code == FUSED_ADD_32:
                bits, signalled = fma(setting, x[i], y[i], signs[j] << 31 | magnitudes[j])
            elif code == ADD_32:
                one, other = signs[i] << 31 | magnitudes[i], signs[j] << 31 | magnitudes[j]
                bits, signalled = add(setting, one, other)
            elif code == PRODUCT_32:
                bits, signalled = mul(setting, x[i], y[i])
            else:
                bits, signalled = x[i], 0
            signs[place], magnitudes[place] = bits >> 31, bits & MAGNITUDE
        else:
            signalled = run_step(setting, place, code, i, j, layouts, x, y, signs, magnitudes)
        flags |= signalled
    return flags


def run_step(
    setting: int,
    place: int,
    code: int,
    i: int,
    j: int,
    layouts: Sequence[int],
    x: Sequence[int],
    y: Sequence[int],
    signs: MutableSequence[int],
    magnitudes: MutableSequence[int],
) -> int:
    """Fill in the result of one step of any formats; its flags."""
    layout = layouts[place]
    sign, magnitude, flags = 0, 0, 0
    if code == ADD:
        sign, magnitude, flags = add_values(
            setting,
            signs[i],
            magnitudes[i],
            layouts[i],
            signs[j],
            magnitudes[j],
            layouts[j],
            layout,
        )
    elif code == PRODUCT:
        sign, magnitude, flags = multiply_values(setting, x[i], y[i], layout)
    elif code == FUSED_ADD:
        sign, magnitude, flags = fuse_values(
            setting, x[i], y[i], signs[j], magnitudes[j], layouts[j], layout
        )
    elif code == ELEMENT:
        sign, magnitude, flags = convert_value(
            setting, x[i] >> 31, x[i] & MAGNITUDE, BINARY32_LAYOUT, layout
        )
    elif code == CONVERT:
        sign, magnitude, flags = convert_value(setting, signs[i], magnitudes[i], layouts[i], layout)
    signs[place], magnitudes[place] = sign, magnitude
    return flags
