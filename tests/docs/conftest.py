"""Servers on loopback that stand for those of the examples."""

from __future__ import annotations

from tests.doors.conftest import authority, ca_file, serve

__all__ = ["authority", "ca_file", "serve"]
