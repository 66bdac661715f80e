"""The list of model files: which bytes, from where, under which licence. Nothing is loaded that it does not
name."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MODELS = Path(__file__).parent / "models"
ROLES = ("blazeface", "facemesh", "mtcnn-pnet", "mtcnn-rnet", "mtcnn-onet", "embedder")


class ModelsUnusable(Exception):
    """A model file is missing or is not the one that the manifest names; the message says which and what to
    do."""


@dataclass(frozen=True)
class Threshold:
    """Where a comparison becomes a match. `cosine` is exceeded by at most `fmr` of the impostor
    comparisons."""

    cosine: float
    slope: float  # of the logistic curve; probability is 0.5 at `cosine`
    fmr: float
    fnmr: float  # share of genuine comparisons at or below `cosine`, same protocol
    people: int
    genuine: int
    impostor: int
    protocol: str
    status: str  # "provisional" until the face model is trained and measured on public protocols


@dataclass(frozen=True)
class Manifest:
    folder: Path
    model_version: str
    sha256: dict[str, str]  # role → digest
    files: dict[str, str]  # role → file name
    threshold: Threshold

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """Raises ModelsUnusable when the manifest is missing, incomplete or not JSON."""
        path = folder / "manifest.json"
        try:
            content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            models = {role: content["models"][role] for role in ROLES}
            return cls(
                folder=folder,
                model_version=str(content["model_version"]),
                sha256={role: str(entry["sha256"]) for role, entry in models.items()},
                files={role: str(entry["file"]) for role, entry in models.items()},
                threshold=Threshold(**content["threshold"]),
            )
        except OSError as error:
            raise ModelsUnusable(
                f"{path} cannot be read: {error.strerror}. Restore ml/face/models."
            ) from error
        except (ValueError, KeyError, TypeError) as error:
            raise ModelsUnusable(f"{path} is not a complete manifest ({error!r}). Restore it.") from error

    def model_bytes(self, role: str) -> bytes:
        """The verified content of one model file. Raises ModelsUnusable, naming the file, if a byte
        differs."""
        path = self.folder / self.files[role]
        try:
            content = path.read_bytes()
        except OSError as error:
            raise ModelsUnusable(f"model file {path} cannot be read: {error.strerror}.") from error
        digest = hashlib.sha256(content).hexdigest()
        if digest != self.sha256[role]:
            raise ModelsUnusable(
                f"model file {path} was changed: sha256 {digest}, the manifest says {self.sha256[role]}. "
                "Restore the file from the release or run python -m ml.export."
            )
        return content
