"""A registry is a table: name → module and class, imported on use."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Generic, TypeVar

from runner.records import record
from runner.spec import Invalid, Template, described, did_you_mean
from runner.validators import invalid, read

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

T = TypeVar("T")


@record(kw_only=False)
class Registry(Generic[T]):
    """The members of a family: what a definition calls them, and where they are."""

    kind: str
    """For messages: `check`, `driver`."""
    key: str
    """The key of an object that names the member: `type`, `driver`."""
    table: Mapping[str, str]
    """name → `module:Class`."""

    def __iter__(self) -> Iterator[str]:
        return iter(self.table)

    def __contains__(self, name: object) -> bool:
        return name in self.table

    def load(self, name: str) -> type[T]:
        """Import the class of a member; raise `Invalid` for a name that is not known."""
        if name not in self.table:
            msg = f'unknown {self.kind} "{name}"'
            raise Invalid(msg, did_you_mean(name, list(self.table)), code="E206")
        module, _, cls = self.table[name].partition(":")
        return getattr(import_module(module), cls)  # type: ignore[no-any-return]

    def read(self, value: object) -> T:
        """Read an object by the class that its `key` names, or a bare name with all defaults.

        Raises `pydantic_core.ValidationError` with paths below the value.
        """
        if isinstance(value, str) and not isinstance(value, Template):
            return self._read_as(value, {}, value, ())
        if not isinstance(value, dict):
            hint = f"write a name ({', '.join(self.table)}), or {{{self.key}: NAME, …}}"
            raise invalid(value, Invalid(f"expected a {self.kind}, got {described(value)}", hint, code="E202"))
        if self.key not in value:
            missing = Invalid(
                f'missing key "{self.key}"', f"known {self.kind}s: {', '.join(self.table)}", code="E201", at=(self.key,)
            )
            raise invalid(value, missing)
        name = value[self.key]
        if not isinstance(name, str) or isinstance(name, Template):
            msg = f"expected the name of a {self.kind}, got {described(name)}"
            raise invalid(value, Invalid(msg, f"known: {', '.join(self.table)}", code="E202", at=(self.key,)))
        fields = {key: item for key, item in value.items() if key != self.key}
        return self._read_as(name, fields, value, (self.key,))

    def _read_as(self, name: str, fields: dict[str, object], value: object, at: tuple[str, ...]) -> T:
        try:
            cls = self.load(name)
        except Invalid as error:
            raise invalid(value, Invalid(error.sentence, error.hint, code=error.code, at=at)) from None
        return read(cls, fields)
