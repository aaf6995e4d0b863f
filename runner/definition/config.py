"""The `config` of a node: read at once where it holds no template, else as soon as its values are known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from runner.definition.diagnostics import diagnostic, in_order
from runner.definition.filling import Filling
from runner.definition.repeating import ITEM, Fault, has_item, written_at
from runner.errors import InvalidConfig
from runner.records import record
from runner.spec import Block, Template
from runner.validators import problems, read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from runner.definition.document import Document
    from runner.errors import Diagnostic
    from runner.expressions import TextTemplate
    from runner.scope import Node, Scope
    from runner.secrets import Secret

Path = tuple[str | int, ...]
BLOCK_KEYS: Final = frozenset({"template", "message", "title", "payload_template"})
"""Keys of a `config` whose texts the node renders itself, with names of its own beside the scope's."""
CHANNEL_KEYS: Final = frozenset({"channel", "channels"})
"""Keys of a `config` that hold whole channels."""


@record
class Config:
    """What a node is configured with."""

    cls: type[Node]
    tree: Mapping[str, Any]
    """As written, with `Template` marking each string that holds a live expression."""
    templates: Mapping[Path, TextTemplate]
    """The compiled templates, by their place below `tree`."""
    blocks: Mapping[Path, TextTemplate]
    """The compiled texts that the node renders itself."""
    repeated: frozenset[Path]
    """The places of entries that stand for several, by their place below `tree`."""
    path: Path
    """Where it stands in the definition."""
    document: Document
    label: str
    sketch: Node | None
    """The node as far as it is known: some fields may hold a `Template`; None where one stands for more."""

    @property
    def names(self) -> frozenset[str]:
        """The root names that its templates read."""
        read = (
            template.names - {ITEM} if has_item(at, self.repeated) else template.names
            for at, template in self.templates.items()
        )
        return frozenset(name for names in read for name in names)

    def bind(self, names: Callable[[frozenset[str]], Mapping[str, object]]) -> Node:
        """Return the node with all values in place; `names` gives the values of root names.

        Raises `InvalidConfig` with the same diagnostics that validation gives.
        """
        if self.sketch is not None and not self.templates:
            return self.sketch
        filling = Filling(self.templates, self.repeated)
        node, found = read_node(self.cls, filling.tree(self.tree, names(self.names)))
        read = ((code, written_at(at, self.repeated), sentence, hint) for code, at, sentence, hint in found)
        wrong = dict.fromkeys((*filling.wrong, *read))
        if node is None or wrong:
            raise InvalidConfig(*in_order(self.diagnostic(*one) for one in wrong))
        return node

    def node(self, scope: Scope) -> Node:
        """Return the node for a scope, with the credentials in its configuration known to the masker."""
        node = self.bind(scope.names)
        scope.masker.add(*credentials_of(node))
        return node

    def diagnostic(self, code: str, at: Path, sentence: str, hint: str) -> Diagnostic:
        """Make a diagnostic about something below `config`."""
        return diagnostic(self.document, self.label, code, (*self.path, *at), sentence, hint)


def credentials_of(node: Node) -> tuple[Secret, ...]:
    """Return the credentials in a node's configuration, whether they were declared as secrets or not."""
    secrets = getattr(node, "secrets", None)
    return tuple(secrets()) if secrets else ()


def read_node(cls: type[Node], tree: object) -> tuple[Node | None, list[Fault]]:
    """Return a node, or what is wrong with its configuration (nothing, where only templates are in the way)."""
    from runner.lean_pydantic import ValidationError  # noqa: PLC0415 - loaded with the first definition

    parse = getattr(cls, "parse", None)
    try:
        return cast("Node", parse(tree) if parse else read(cls, tree)), []
    except ValidationError as error:
        return None, [(line["type"], line["loc"], line["msg"], line["ctx"]["hint"]) for line in problems(error)]


def marked(config: Mapping[str, Any]) -> dict[str, Any]:
    """Mark the strings of a `config` that hold live expressions."""
    return {key: _marked(key, item) for key, item in config.items()}


def _marked(key: str, value: object) -> object:
    """Mark what stands under a key; a channel may have texts of its own that it renders."""
    if key in BLOCK_KEYS:
        return Block(value) if isinstance(value, str) and "{" in value else value
    if key in CHANNEL_KEYS and isinstance(value, list):
        return [_marked(key, item) for item in value]
    return marked(value) if key in CHANNEL_KEYS and isinstance(value, dict) else _live(value)


def _live(value: object) -> object:
    if isinstance(value, dict):
        return {key: _live(item) for key, item in value.items()}
    if isinstance(value, list):
        return list(map(_live, value))
    return Template(value) if isinstance(value, str) and "{{" in value else value


def templates_in(value: object, at: Path = ()) -> Iterator[tuple[Path, Template]]:
    """Find the marked strings below a value."""
    if isinstance(value, Template):
        yield at, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from templates_in(item, (*at, key))
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from templates_in(item, (*at, place))
