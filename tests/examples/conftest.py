"""The example scripts, each loaded once."""

from pathlib import Path
from types import ModuleType

import pytest
from example_scripts import EXAMPLES, load


@pytest.fixture(scope="session")
def digits() -> Path:
    """The folder of the bundled network."""
    return EXAMPLES / "digits"


@pytest.fixture(scope="session")
def train_digits() -> ModuleType:
    return load("train_digits")


@pytest.fixture(scope="session")
def numpy_ibp() -> ModuleType:
    return load("numpy_ibp")
