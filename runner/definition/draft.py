"""A definition in the making: the document, and what is wrong with it so far."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, TypeVar

from runner.definition.diagnostics import diagnostic
from runner.records import record
from runner.validators import problems, read

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.definition.config import Path
    from runner.definition.document import Document
    from runner.errors import Diagnostic
    from runner.expressions import Expression, TextTemplate

T = TypeVar("T")


@record(kw_only=False, frozen=False)
class Draft:
    """Collects diagnostics, so that all problems of a file are reported at once."""

    document: Document
    label: str
    diagnostics: list[Diagnostic] = field(default_factory=list)

    @property
    def broken(self) -> bool:
        """There is an error among the diagnostics."""
        return any(one.severity == "error" for one in self.diagnostics)

    def say(self, code: str, path: Path, sentence: str, hint: str = "") -> None:
        """Note a diagnostic."""
        self.diagnostics.append(diagnostic(self.document, self.label, code, path, sentence, hint))

    def read(self, cls: type[T], value: object, path: Path) -> tuple[T | None, frozenset[str | int]]:
        """Read a part; where it is wrong, return None and the keys to blame."""
        from runner.lean_pydantic import ValidationError  # noqa: PLC0415 - loaded with the first definition

        try:
            return read(cls, value), frozenset()
        except ValidationError as error:
            found = problems(error)
            for line in found:
                self.say(line["type"], (*path, *line["loc"]), line["msg"], line["ctx"]["hint"])
            return None, frozenset(key for line in found for key in line["loc"][:1])

    def expression(self, text: str | None, path: Path) -> Expression | None:
        """Compile a condition; None where there is none, or where it does not compile."""
        if text is None:
            return None
        from runner.expressions import ExpressionError, compile_expression  # noqa: PLC0415 - only where a file holds one

        try:
            return compile_expression(text)
        except ExpressionError as error:
            self.say("E401", path, error.sentence, error.hint)
            return None

    def template(self, text: str, path: Path, *, blocks: bool) -> TextTemplate | None:
        """Compile a text; None where it does not compile."""
        from runner.expressions import ExpressionError, compile_template  # noqa: PLC0415 - only where a file holds one

        try:
            return compile_template(text, blocks=blocks)
        except ExpressionError as error:
            self.say("E401", path, error.sentence, error.hint)
            return None


def holds(condition: Expression, names: Mapping[str, object]) -> bool | None:
    """Say whether a condition holds with these values; None where they do not tell."""
    from runner.expressions import ExpressionError  # noqa: PLC0415 - loaded already where there is a condition

    try:
        return condition.evaluate(names) is True
    except ExpressionError:
        return None
