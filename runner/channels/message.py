"""One message to people: what it says, before any channel gives it a form."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, cast

from runner.records import record

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from runner.results import Severity, Verdict
    from runner.secrets import Masker

DOCUMENT_KEYS: Final = (
    "title",
    "message",
    "severity",
    "verdict",
    "source",
    "environment",
    "incident_id",
    "generated_at",
    "run",
    "summary",
    "probable_cause",
    "recommendations",
    "alerts",
    "checks",
    "comparison",
    "tags",
)
"""The keys of a message as data, and the names that a text of the definition may read."""


class Kind(StrEnum):
    """What a message is about."""

    PROBLEM = "problem"
    """An alert fires or a check is not ok."""
    ACKNOWLEDGED = "acknowledged"
    """Somebody has taken the alerts on."""
    RECOVERED = "recovered"
    """The alerts are over."""
    FAILED = "failed"
    """The run failed, so nobody knows."""
    WELL = "well"
    """Everything that was looked at is ok."""
    NOTICE = "notice"
    """Nothing was judged."""


@record
class Item:
    """One entry of a list."""

    text: str
    details: tuple[str, ...] = ()


@record
class Section:
    """A part of a message; its lines hold no line breaks."""

    heading: str = ""
    paragraphs: tuple[str, ...] = ()
    items: tuple[Item, ...] = ()

    def lines(self) -> Iterable[str]:
        """Write it as plain text."""
        if self.heading:
            yield f"{self.heading}:"
        yield from self.paragraphs
        for item in self.items:
            yield f"- {item.text}"
            yield from (f"    - {detail}" for detail in item.details)


@record
class Link:
    """A web address, and what is there."""

    text: str
    url: str


@record
class Message:
    """What people are told."""

    kind: Kind
    title: str
    severity: Severity
    verdict: Verdict
    sections: tuple[Section, ...]
    links: tuple[Link, ...] = ()
    footer: str = ""
    """Which definition, environment and run it comes from."""
    dedup_key: str
    """The same for all messages about one incident: SHA-256, hex."""
    run_id: str
    data: Mapping[str, object]
    """The rest of `document`."""
    whole: str = ""
    """A text that takes the place of title, sections, links and footer wherever people read."""

    @property
    def text(self) -> str:
        """All but the title, as plain text."""
        parts = ["\n".join(section.lines()) for section in self.sections]
        links = "\n".join(f"{link.text}: {link.url}" for link in self.links)
        return "\n\n".join(filter(None, [*parts, links, self.footer]))

    @property
    def readable(self) -> str:
        """Everything that people read, as plain text."""
        return self.whole or "\n\n".join(filter(None, [self.title, self.text]))

    @property
    def document(self) -> Mapping[str, object]:
        """The message as JSON-like data, under `DOCUMENT_KEYS`."""
        said = {"title": self.title, "message": self.whole or self.text}
        graded = {"severity": self.severity, "verdict": self.verdict}
        known = {**said, **graded, **self.data}
        return {key: known[key] for key in DOCUMENT_KEYS}

    def masked(self, masker: Masker) -> Message:
        """Return the message with every known secret masked."""
        return replace(
            self,
            title=masker.mask(self.title),
            sections=tuple(_masked(section, masker) for section in self.sections),
            links=tuple(Link(text=masker.mask(link.text), url=masker.mask(link.url)) for link in self.links),
            footer=masker.mask(self.footer),
            data=cast("Mapping[str, Any]", masker.mask_tree(self.data)),
            whole=masker.mask(self.whole),
        )


def _masked(section: Section, masker: Masker) -> Section:
    return Section(
        heading=section.heading,
        paragraphs=tuple(map(masker.mask, section.paragraphs)),
        items=tuple(
            Item(text=masker.mask(item.text), details=tuple(map(masker.mask, item.details))) for item in section.items
        ),
    )
