"""Which model a command measures."""

from dataclasses import dataclass
from pathlib import Path

from ml.evaluate.models import Model, Name
from ml.evaluate.our_models import Default, Untuned
from ml.evaluate.paper_model import Paper
from ml.evaluate.peer_model import Peer
from ml.face.manifest import MODELS


@dataclass(frozen=True)
class ModelSpec:
    """Which model, in a form that travels to other processes. models: folder of weights, None for the usual."""

    name: Name
    models: Path | None = None

    def load(self) -> Model:
        """Raises EvaluationError when its files or its package are missing, saying what to do."""
        match self.name:
            case "default":
                return Default(self.models or MODELS)
            case "untuned":
                return Untuned(self.models)
            case "paper":
                return Paper(self.models)
            case "peer":
                return Peer()
