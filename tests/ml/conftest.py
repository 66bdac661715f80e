import pytest

from ml.face.pipeline import FaceEngine


@pytest.fixture(scope="session")
def engine() -> FaceEngine:
    return FaceEngine.load()
