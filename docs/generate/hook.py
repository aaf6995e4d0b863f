"""What MkDocs calls: adds the pages that are made, and the way through all of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mkdocs.structure.files import File

from docs.generate.pages import pages
from docs.generate.places import linked_outside

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

_FIRST: Final = {"Overview": "index.md", "Tutorial": "tutorial.md"}
_BEFORE: Final = ("reference/index.md", "reference/definition.md", "expressions.md")
_AFTER: Final = (
    "reference/environment.md",
    "action.md",
    "reference/action.md",
    "image.md",
    "reference/exit-codes.md",
    "reference/result.md",
)
_EXPLAINS: Final = ("performance.md",)
"""Explanations that have another place."""
_FAMILIES: Final = {
    "node-types": "Node types",
    "checks": "Checks",
    "formats": "Alert formats",
    "providers": "Providers",
    "drivers": "Drivers",
    "commands": "Command line",
    "diagnostics": "Diagnostics",
}

Nav = list[Any]


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Lay out the way: no page can be forgotten, for what is in no other section comes last."""
    docs = Path(config.docs_dir)
    written = sorted(str(path.relative_to(docs)) for path in docs.rglob("*.md"))
    config.nav = nav(written, list(pages()))
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made."""
    for path, text in pages().items():
        files.append(File.generated(config, path, content=text))
    return files


def on_page_markdown(markdown: str, *, page: Page, **_: object) -> str:
    """Let links out of the site lead to the repository."""
    return linked_outside(markdown, page.file.src_uri)


def nav(written: list[str], made: list[str]) -> Nav:
    """Return the sections of the site."""
    families: Nav = [
        {title: [path for path in made if path.startswith(f"reference/{family}/")]}
        for family, title in _FAMILIES.items()
    ]
    explains = [path for path in _EXPLAINS if path in written]
    placed = {*_FIRST.values(), *_BEFORE, *_AFTER, *explains, *made}
    own = {folder: [path for path in written if path.startswith(f"{folder}/")] for folder in ("how-to", "explanation")}
    others = [path for path in written if path not in placed.union(*own.values())]
    return [
        *({title: path} for title, path in _FIRST.items()),
        {"How-to": own["how-to"]},
        {"Reference": [*_BEFORE, *families, *_AFTER, *others]},
        {"Explanation": [*own["explanation"], *explains]},
    ]
