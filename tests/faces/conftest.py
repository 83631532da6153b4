"""The engine is loaded once for all face tests: it takes a second and 100 MB."""

import pytest

from appliance.faces.engines import load
from appliance.faces.port import FaceEngine


@pytest.fixture(scope="session")
def engine() -> FaceEngine:
    return load("dlib")
