import numpy as np
import pytest

from refsem.exact import ExactTensor, NotFiniteError
from refsem.exact.tensor import check_finite

NOT_FINITE = (0x7F800000, 0xFF800000, 0x7FC00000, 0x7F800001, 0xFFFFFFFF)


@pytest.mark.parametrize("pattern", NOT_FINITE)
@pytest.mark.parametrize("shape", [(), (1,), (2, 3)])
def test_the_first_pattern_without_a_value_is_named(pattern: int, shape: tuple[int, ...]) -> None:
    bits = np.full(shape, 0x3F800000, dtype=np.uint32)
    place = tuple(length - 1 for length in shape)
    bits[place] = pattern
    for check in (check_finite, ExactTensor.from_binary32):
        with pytest.raises(NotFiniteError) as caught:
            check(bits)
        assert caught.value.index == place
        assert caught.value.bits == pattern


def test_the_greatest_finite_patterns_pass() -> None:
    check_finite(np.array([0x7F7FFFFF, 0xFF7FFFFF, 0, 0x80000000, 1], dtype=np.uint32))
    check_finite(np.empty((0, 3), dtype=np.uint32))
