"""A real Lean for the tests that need one."""

import os

import pytest

from lean_export.toolchain import Lean, LeanUnavailableError, default_cache, find_lean


@pytest.fixture(scope="session")
def lean() -> Lean:
    """The user's own, else the packaged one, set up when needed."""
    try:
        return find_lean(default_cache(), print)
    except LeanUnavailableError as error:
        if os.environ.get("REFSEM_REQUIRE_DATA") == "1":
            pytest.fail(str(error))
        pytest.skip(str(error))
