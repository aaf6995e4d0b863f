"""Users of the shared servers that may do less than everything."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

from tests.databases import url_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.databases import Store


@contextmanager
def user_of(store: Store, *rights: str) -> Iterator[str]:
    """Make a user with rights like `select on pipeline_run`, and return the URL that it comes by."""
    name = f"test_{uuid4().hex[:20]}"
    postgres = store.kind == "postgresql"
    store.change(f"create role {name} login" if postgres else f"create user {name}@'%'")
    try:
        for right in rights:
            store.change(f"grant {right} to {name}" if postgres else f"grant {right} to {name}@'%'")
        yield url_text(replace(store.database.url, user=name))
    finally:
        for statement in [f"drop owned by {name}", f"drop role {name}"] if postgres else [f"drop user {name}@'%'"]:
            store.change(statement)
