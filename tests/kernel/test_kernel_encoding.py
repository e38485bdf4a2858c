"""Settings: a different integer for every mode and environment, and room for single operations."""

from itertools import product

from refsem.binary32 import Predicate
from refsem.kernel import encoding
from refsem.kernel.catalogue import predicate_setting
from refsem.rounding import Environment, InvalidInteger, Mode, NanPolicy, Tininess


def test_settings_tell_all_modes_and_environments_apart() -> None:
    choices = list(
        product(Tininess, NanPolicy, (0, 1), InvalidInteger, (0, 1), (0, 1)),
    )
    environments = [
        Environment(tininess, policy, bool(fused), integer, bool(flush), bool(denormals))
        for tininess, policy, fused, integer, flush, denormals in choices
    ]
    settings = {
        encoding.setting_of(mode, environment) for mode in Mode for environment in environments
    }
    assert len(settings) == len(Mode) * len(environments) == 5 * 2 * 3 * 2 * 2 * 2 * 2
    assert max(settings) < encoding.SIGNAL_INEXACT


def test_predicates_have_fields_of_their_own() -> None:
    chosen = {predicate_setting(predicate) for predicate in Predicate}
    assert len(chosen) == len(Predicate)
    assert all(fields % (2 * encoding.SIGNAL_INEXACT) == 0 for fields in chosen)
