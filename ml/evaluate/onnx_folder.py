"""A folder of ONNX files with a manifest.json that gives each role its file and sha256."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ml.evaluate.errors import EvaluationError


@dataclass(frozen=True)
class OnnxFolder:
    path: Path
    content: dict[str, Any]  # the whole manifest
    sha256: dict[str, str]  # role → digest

    @classmethod
    def read(cls, path: Path) -> "OnnxFolder":
        manifest = path / "manifest.json"
        try:
            content = json.loads(manifest.read_text(encoding="utf-8"))
            return cls(
                path, content, {role: str(entry["sha256"]) for role, entry in content["models"].items()}
            )
        except OSError as error:
            raise EvaluationError(f"{manifest} cannot be read: {error.strerror}") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise EvaluationError(f"{manifest} is not a manifest of models ({error!r})") from error

    def bytes_of(self, role: str) -> bytes:
        """The verified content of one file; EvaluationError names the role or the file."""
        if role not in self.sha256:
            raise EvaluationError(f"{self.path / 'manifest.json'} names no {role}")
        file = self.path / str(self.content["models"][role]["file"])
        try:
            content = file.read_bytes()
        except OSError as error:
            raise EvaluationError(f"{file} cannot be read: {error.strerror}") from error
        if hashlib.sha256(content).hexdigest() != self.sha256[role]:
            raise EvaluationError(f"{file} is not the file that {self.path / 'manifest.json'} names (sha256)")
        return content
