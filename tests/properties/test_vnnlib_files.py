"""The shared VNN-LIB files, with what they say worked out by hand."""

from pathlib import Path

import pytest
import vnnlib_text
from gmpy2 import mpq

from refsem.errors import InputError
from refsem.properties import Case, LinearConstraint, Property, load_property
from refsem.properties.sexpressions import Source
from refsem.properties.vnnlib import read_vnnlib

REFUSED = {
    "marabou/vnnlib/test_assert_operator_not_implemented.vnnlib": ("line 4, column 10", "'xor'"),
    "marabou/vnnlib/test_command_not_implemented.vnnlib": ("line 3, column 2", "'declare-sore'"),
    "marabou/vnnlib/test_mul_var_var.vnnlib": ("line 4, column 14", "a product of two variables"),
}

# File: inputs, outputs, cases, unsafe constraints of each case.
SHAPES = {
    **{f"acasxu/prop_{k}": (5, 5, *rest) for k, *rest in [
        (1, 1, 1), (2, 1, 4), (3, 1, 4), (4, 1, 4), (5, 4, 1),
        (6, 8, 1), (7, 2, 3), (8, 3, 2), (9, 4, 1), (10, 4, 1),
    ]},
    **{f"mnist_fc/prop_{k}": (784, 10, 9, 1) for k in ("0_0.03", "0_0.05", "1_0.03")},
    **{f"rl_benchmarks/cartpole_case_safe_{k}": (4, 2, 1, 1) for k in (14, 27, 39, 45, 46, 47)},
    **{f"rl_benchmarks/dubinsrejoin_case_safe_{k}": (8, 8, 1, 6) for k in (0, 1, 12, 14)},
    **{f"rl_benchmarks/dubinsrejoin_case_safe_{k}": (8, 8, 15, 6) for k in (10, 13)},
    **{f"rl_benchmarks/lunarlander_case_safe_{k}": (8, 4, 1, 1) for k in (0, 1, 10, 11, 12, 13)},
    **{f"neurocodebench_satrelu/sat_v{n}_c{c}": (n, 2, 1, 2)
       for n, c in [(2, 2), (3, 9), (4, 5), (12, 43), (13, 62)]},
    **{f"neurocodebench_satrelu/unsat_v{n}_c{c}": (n, 2, 1, 2)
       for n, c in [(2, 4), (3, 8), (4, 6), (12, 43), (13, 62)]},
    **{f"cersyve/prop_{name}": (n, 2, 1, 2)
       for name, n in [("double_integrator", 2), ("pendulum", 2), ("point_mass", 4)]},
    **{f"marabou/vnnlib/{name}": (1, 1, 1, 1) for name in (
        "test_add_const", "test_and", "test_exp_notation", "test_mul_var_const",
        "test_nano_vnncomp", "test_small_vnncomp", "test_sub_const", "test_tiny_vnncomp",
    )},
    **{f"marabou/vnnlib/{name}": (5, 5, 1, 4)
       for name in ("test_add_var", "test_sub_var", "test_prop_vnncomp")},
    "marabou/vnnlib/acasxu_prop1": (5, 5, 1, 1),
}  # fmt: skip


@pytest.fixture
def networks(data: Path) -> Path:
    return data / "networks"


def load(networks: Path, name: str) -> Property:
    return load_property(networks / f"{name}.vnnlib")


def decimals(*words: str) -> tuple[mpq, ...]:
    """Exact decimals, split by hand at the point."""
    whole_and_fraction = (word.partition(".") for word in words)
    return tuple(mpq(int(w + f), 10 ** len(f)) for w, _, f in whole_and_fraction)


def at_most(plus: int, minus: int) -> LinearConstraint:
    """Y_plus ≤ Y_minus."""
    terms = tuple(sorted([(plus, mpq(1)), (minus, mpq(-1))]))
    return LinearConstraint((), terms, mpq(0), strict=False)


def end(output: int, coefficient: int, bound: mpq) -> LinearConstraint:
    return LinearConstraint((), ((output, mpq(coefficient)),), bound, strict=False)


def test_every_shared_file_is_expected_here(networks: Path) -> None:
    found = {str(path.relative_to(networks)) for path in networks.rglob("*.vnnlib*")}
    assert found == {f"{name}.vnnlib" for name in SHAPES} | set(REFUSED)


@pytest.mark.parametrize("name", SHAPES)
def test_the_shape_of_every_file(networks: Path, name: str) -> None:
    spec = load(networks, name)
    (constraints,) = {len(case.unsafe) for case in spec.cases}
    assert (spec.inputs, spec.outputs, len(spec.cases), constraints) == SHAPES[name]
    for case in spec.cases:
        assert len(case.lower) == len(case.upper) == spec.inputs
        assert all(low <= high for low, high in zip(case.lower, case.upper, strict=True))
        assert not any(constraint.strict for constraint in case.unsafe)


@pytest.mark.parametrize("name", SHAPES)
def test_every_file_printed_and_read_again_is_the_same(networks: Path, name: str) -> None:
    spec = load(networks, name)
    assert read_vnnlib(Source("printed", vnnlib_text.printed(spec))) == spec


@pytest.mark.parametrize("name", [name for name in SHAPES if not name.startswith("mnist")])
def test_every_file_agrees_with_the_evaluator(networks: Path, name: str) -> None:
    """At the corners and the middle of each case, and one coordinate beyond each end."""
    spec = load(networks, name)
    text = (networks / f"{name}.vnnlib").read_text(encoding="utf-8")
    seen = set()
    for case in spec.cases:
        middle = tuple((low + high) / 2 for low, high in zip(case.lower, case.upper, strict=True))
        beyond = (case.lower[0] - mpq(1, 10**30), *case.lower[1:])
        for inputs in (case.lower, case.upper, middle, beyond):
            for code in range(0, 16**2, 17):
                point = vnnlib_text.point_at(tuple(f"Y_{j}" for j in range(spec.outputs)), code)
                point |= {f"X_{i}": vnnlib_text.Fraction(x) for i, x in enumerate(inputs)}
                inside = vnnlib_text.belongs(spec, point)
                assert inside == vnnlib_text.meets(text, point)
                seen.add(inside)
    assert False in seen


@pytest.mark.parametrize("name", REFUSED)
def test_the_wrong_files_are_refused_at_the_right_place(networks: Path, name: str) -> None:
    place, message = REFUSED[name]
    with pytest.raises(InputError) as caught:
        load_property(networks / name)
    assert caught.value.place == place
    assert caught.value.message.startswith(message)


# Worked out by hand.


def test_acasxu_property_1(networks: Path) -> None:
    lower = decimals("0.6", "-0.5", "-0.5", "0.45", "-0.5")
    upper = decimals("0.679857769", "0.5", "0.5", "0.5", "-0.45")
    unsafe = (end(0, -1, -mpq(3991125645861615, 10**15)),)
    expected = Property(5, 5, (Case(lower, upper, unsafe),))
    assert load(networks, "acasxu/prop_1") == expected
    assert load(networks, "marabou/vnnlib/acasxu_prop1") == expected  # the same, CRLF


def test_acasxu_property_2_is_unsafe_where_clear_of_conflict_is_maximal(networks: Path) -> None:
    (case,) = load(networks, "acasxu/prop_2").cases
    assert case.unsafe == tuple(at_most(j, 0) for j in (1, 2, 3, 4))


def test_acasxu_property_3_is_unsafe_where_clear_of_conflict_is_minimal(networks: Path) -> None:
    (case,) = load(networks, "acasxu/prop_3").cases
    assert case.unsafe == tuple(at_most(0, j) for j in (1, 2, 3, 4))
    assert case.lower == decimals("-0.303531156", "-0.009549297", "0.493380324", "0.3", "0.3")


def test_acasxu_property_4_has_an_input_of_one_value(networks: Path) -> None:
    (case,) = load(networks, "acasxu/prop_4").cases
    assert case.lower == decimals("-0.303531156", "-0.009549297", "0.0", "0.318181818",
                                  "0.083333333")  # fmt: skip
    assert case.lower[2] == case.upper[2] == 0


def test_acasxu_property_6_is_two_boxes_times_four_outputs(networks: Path) -> None:
    spec = load(networks, "acasxu/prop_6")
    assert [case.unsafe for case in spec.cases] == [(at_most(j, 0),) for j in (1, 2, 3, 4)] * 2
    right = decimals("0.11140846", "0.499999896")
    left = decimals("-0.499999896", "-0.11140846")
    ends = [(case.lower[1], case.upper[1]) for case in spec.cases]
    assert ends == [right] * 4 + [left] * 4
    assert {case.lower[0] for case in spec.cases} == set(decimals("-0.129289109"))


def test_acasxu_property_7_asks_for_three_comparisons_in_each_case(networks: Path) -> None:
    spec = load(networks, "acasxu/prop_7")
    assert [case.unsafe for case in spec.cases] == [
        tuple(at_most(winner, j) for j in (0, 1, 2)) for winner in (3, 4)
    ]


def test_mnist_is_one_box_and_nine_other_labels(networks: Path) -> None:
    spec = load(networks, "mnist_fc/prop_0_0.03")
    assert [case.unsafe for case in spec.cases] == [
        (at_most(8, j),) for j in (0, 1, 2, 3, 4, 5, 6, 7, 9)
    ]
    assert len({id(case.lower) for case in spec.cases}) == 1
    assert spec.cases[0].lower[783] == 0
    assert spec.cases[0].upper[783] == mpq(29999999329447746, 10**18)


def test_satrelu_and_control_polarity(networks: Path) -> None:
    one, zero = mpq(1), mpq(0)
    (case,) = load(networks, "neurocodebench_satrelu/sat_v2_c2").cases
    assert case == Case((zero, zero), (one, one), (end(0, -1, -one), end(1, 1, zero)))
    (case,) = load(networks, "rl_benchmarks/cartpole_case_safe_14").cases
    assert case.unsafe == (at_most(0, 1),)
    (case,) = load(networks, "cersyve/prop_pendulum").cases
    assert case.unsafe == (end(0, 1, zero), end(1, -1, zero))
    assert case.upper[0] == mpq(7853981633974483, 10**16)


def test_dubinsrejoin_cases_keep_the_order_of_the_file(networks: Path) -> None:
    spec = load(networks, "rl_benchmarks/dubinsrejoin_case_safe_10")
    first = [(1, 0), (2, 0), (3, 0), (4, 5), (6, 5), (7, 5)]
    last = [(0, 3), (1, 3), (2, 3), (4, 7), (5, 7), (6, 7)]
    assert spec.cases[0].unsafe == tuple(at_most(*pair) for pair in first)
    assert spec.cases[14].unsafe == tuple(at_most(*pair) for pair in last)


@pytest.mark.parametrize(
    ("name", "lower", "upper", "unsafe"),
    [
        ("test_add_const", 0, 1, (-1, 0)),
        ("test_and", 0, 1, (-1, -1)),
        ("test_exp_notation", -1, 1, (-1, mpq(-1, 2))),
        ("test_mul_var_const", 0, 1, (-1, 0)),
        ("test_nano_vnncomp", -1, 1, (1, -1)),
        ("test_small_vnncomp", -1, 1, (-1, -100)),
        ("test_sub_const", 2, 3, (-1, 0)),
    ],
)
def test_parser_cases_of_one_input(
    networks: Path, name: str, lower: int, upper: int, unsafe: tuple[int, mpq]
) -> None:
    coefficient, bound = unsafe
    expected = Case((mpq(lower),), (mpq(upper),), (end(0, coefficient, mpq(bound)),))
    assert load(networks, f"marabou/vnnlib/{name}").cases == (expected,)


@pytest.mark.parametrize(("name", "sign"), [("test_add_var", 1), ("test_sub_var", -1)])
def test_parser_cases_with_two_outputs_in_one_constraint(
    networks: Path, name: str, sign: int
) -> None:
    (case,) = load(networks, f"marabou/vnnlib/{name}").cases
    both = LinearConstraint((), ((0, mpq(1)), (1, mpq(sign))), mpq(1), strict=False)
    assert case.unsafe == (*(end(j, -1, mpq(0)) for j in (0, 1, 2)), both)
