"""How bad an alert is for a run, and the key that ties everything about one incident together."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Final

from runner.results import Severity, Verdict

VERDICTS: Final = {
    Severity.INFO: Verdict.OK,
    Severity.WARNING: Verdict.WARNING,
    Severity.CRITICAL: Verdict.CRITICAL,
}
"""The verdict on an alert while it fires."""


def dedup_key(definition: str, environment: str, *identity: str) -> str:
    """Return the SHA-256 (hex) of a definition, an environment and what names the incident.

    The identity is an alert's group key or fingerprint, or a node and a check. The value is frozen: a change
    would strand every incident that is open somewhere.
    """
    return sha256(json.dumps([definition, environment, *identity], separators=(",", ":")).encode()).hexdigest()
