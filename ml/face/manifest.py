"""The list of model files: which bytes, from where, under which licence. Nothing is loaded that it does not
name."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MODELS = Path(__file__).parent / "models"
ROLES = ("blazeface", "facemesh", "mtcnn-pnet", "mtcnn-rnet", "mtcnn-onet", "embedder", "cohort")


class ModelsUnusable(Exception):
    """A model file is missing or is not the one that the manifest names; the message says which and what to
    do."""


@dataclass(frozen=True)
class Threshold:
    """Where a comparison becomes a match: `score` is exceeded by at most `fmr` of the impostor comparisons."""

    score: float  # of ml.face.normalise: standard deviations above strangers
    slope: float  # of the logistic curve; probability is 0.5 at `score`
    fmr: float
    fnmr: float  # share of genuine comparisons at or below `score`
    people: int
    genuine: int
    impostor: int
    protocol: str  # whose comparisons these are
    status: str  # "measured" on public sets before shipping, "calibrated" on a deployer's own people


@dataclass(frozen=True)
class Manifest:
    folder: Path
    model_version: str
    sha256: dict[str, str]  # role → digest
    files: dict[str, str]  # role → file name
    nearest: int  # strangers of the cohort that count
    thresholds: tuple[Threshold, ...]
    parity: float  # largest difference of an embedding's number, ONNX against PyTorch, when it was exported

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
                nearest=int(models["cohort"]["nearest"]),
                parity=float(models["embedder"]["parity"]["onnx_against_torch"]),
                thresholds=tuple(Threshold(**entry) for entry in content["thresholds"]),
            )
        except OSError as error:
            raise ModelsUnusable(
                f"{path} cannot be read: {error.strerror}. Restore ml/face/models."
            ) from error
        except (ValueError, KeyError, TypeError) as error:
            raise ModelsUnusable(f"{path} is not a complete manifest ({error!r}). Restore it.") from error

    def threshold(self, fmr: float) -> Threshold:
        """Raises ModelsUnusable for a false match rate that was not measured, naming those that were."""
        for threshold in self.thresholds:
            if threshold.fmr == fmr:
                return threshold
        measured = ", ".join(f"{threshold.fmr:g}" for threshold in self.thresholds)
        raise ModelsUnusable(
            f"{self.folder / 'manifest.json'} has no threshold for a false match rate of {fmr:g}, only {measured}."
        )

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
