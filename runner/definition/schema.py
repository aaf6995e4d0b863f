"""The JSON Schema of definitions, from the same classes that read them."""

from __future__ import annotations
