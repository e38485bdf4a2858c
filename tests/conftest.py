"""What every test may ask for: the third-party data, and how long Hypothesis searches.

`REFSEM_DATA` names the folder of third-party data; without it a test that needs data is skipped
by name, or fails when `REFSEM_REQUIRE_DATA=1`, so that a build cannot lose those tests unnoticed.
`HYPOTHESIS_PROFILE` is `dev` (100 examples, the default), `ci` (1000, the same ones each time) or
`nightly` (50 000).
"""

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("dev", max_examples=100, deadline=None)
settings.register_profile("ci", max_examples=1000, deadline=None, derandomize=True)
settings.register_profile("nightly", max_examples=50_000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of third-party data; a set but wrong path is a failure, never a skip."""
    folder = os.environ.get("REFSEM_DATA", "")
    if folder:
        if not Path(folder).is_dir():
            pytest.fail(f"REFSEM_DATA is {folder}, which is not a folder")
        return Path(folder)
    absent = "REFSEM_DATA is not set: third-party data absent"
    if os.environ.get("REFSEM_REQUIRE_DATA") == "1":
        pytest.fail(absent)
    pytest.skip(absent)
