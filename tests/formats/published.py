"""Payloads as the vendors publish them; payloads/README.md says where each is from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).parent / "payloads"
NAMES: Final = tuple(sorted(path.stem for path in FOLDER.glob("*.json")))


def payload(name: str) -> dict[str, Any]:
    """Read a payload."""
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return found
