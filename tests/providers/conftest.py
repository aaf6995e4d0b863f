from __future__ import annotations

from tests.nodes.conftest import make_scope, scope

__all__ = ["make_scope", "scope"]
