"""Putting values in the place of the templates of a `config`: each once, and for each item of a `for_each`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from runner.definition.repeating import FOR_EACH, ITEM, MOST_ITEMS, Fault
from runner.records import record
from runner.secrets import foreign
from runner.spec import Block, Repeated, described

if TYPE_CHECKING:
    from collections.abc import Collection

    from runner.definition.document import Path
    from runner.expressions import TextTemplate

OWN_ROOTS: Final = frozenset({"inputs", "secrets", "env", "run"})
"""Root names whose values come from whoever runs the definition; all others may hold what a payload says."""


@record(kw_only=False)
class _Known:
    """The values of names, and which of them come from whoever runs the definition."""

    names: Mapping[str, object]
    own: frozenset[str] = OWN_ROOTS


class Filling:
    """Fills one `config`; a template that cannot be evaluated stays where it is, and what is wrong is noted."""

    def __init__(self, templates: Mapping[Path, TextTemplate], repeated: Collection[Path]) -> None:
        self._templates = templates
        self._repeating = repeated
        self.wrong: dict[Fault, None] = {}
        """Each once."""

    def tree(self, config: Mapping[str, object], names: Mapping[str, object]) -> object:
        """Return what a file would hold that says these values itself."""
        return self._filled(config, (), _Known(names))

    def _filled(self, value: object, at: Path, known: _Known) -> Any:  # noqa: ANN401 - JSON
        if at in self._templates:
            return self._evaluated(value, at, known)
        if isinstance(value, Mapping):
            if at in self._repeating:
                return self._repeated(value, at, known)
            return {key: self._filled(item, (*at, key), known) for key, item in value.items()}
        if isinstance(value, list):
            return [self._filled(item, (*at, place), known) for place, item in enumerate(value)]
        return str(value) if isinstance(value, Block) else value

    def _evaluated(self, value: object, at: Path, known: _Known) -> object:
        from runner.expressions import ExpressionError  # noqa: PLC0415 - only where a file holds an expression

        template = self._templates[at]
        try:
            found = plain(template.evaluate(known.names))
        except ExpressionError as error:
            self._say("E402", at, error.sentence, error.hint)
            return value
        return found if template.names <= known.own else foreign(found)

    def _repeated(self, entry: Mapping[str, object], at: Path, known: _Known) -> object:
        """Return an entry as often as its list has items; where that cannot be told, return it as it is."""
        spot = (*at, FOR_EACH)
        before = len(self.wrong)
        items = self._filled(entry[FOR_EACH], spot, known)
        if len(self.wrong) > before:
            return entry
        if not isinstance(items, list):
            hint = "an input holds a list where it is declared with type: list"
            self._say("E202", spot, f"expected a list, got {described(items)}", hint)
            return entry
        if len(items) > MOST_ITEMS:
            self._say("E104", spot, f"{len(items):,} items are more than for_each takes", f"at most {MOST_ITEMS:,}")
            return entry
        own = known.own | {ITEM} if self._is_own(spot, known) else known.own
        rest = [key for key in entry if key != FOR_EACH]
        return Repeated(
            {key: self._filled(entry[key], (*at, key), _Known({**known.names, ITEM: item}, own)) for key in rest}
            for item in items
        )

    def _is_own(self, spot: Path, known: _Known) -> bool:
        """Say whether all that is read below a place comes from whoever runs the definition."""
        read = (template for at, template in self._templates.items() if at[: len(spot)] == spot)
        return all(template.names <= known.own for template in read)

    def _say(self, code: str, at: Path, sentence: str, hint: str) -> None:
        self.wrong[code, at, sentence, hint] = None


def plain(value: object) -> object:
    """Turn a value of an expression into what a file could hold: dicts and lists, no enums or tuples."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, str) else value
