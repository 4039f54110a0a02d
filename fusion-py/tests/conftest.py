"""What all tests have: the installed package, an engine, a store in a file."""

import faulthandler
from pathlib import Path

import fusion_kit as fk
import pytest

faulthandler.enable()
REPOSITORY = Path(__file__).resolve().parents[2]


def pytest_configure(config):
    where = Path(fk.__file__).resolve()
    assert REPOSITORY not in where.parents or "site-packages" in where.parts, f"{where} is not the installed package"


@pytest.fixture
def app():
    app = fk.Fusion()
    yield app
    app.close()


@pytest.fixture
def url(tmp_path):
    return f"sqlite://{tmp_path / 'fusion.db'}"
