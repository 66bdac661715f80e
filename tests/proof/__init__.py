"""Proofs under load: real server processes, real databases, kills. `./scripts/prove` runs them at full size."""
