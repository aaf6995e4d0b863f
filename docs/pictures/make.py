"""Draw summaries as GitHub shows them, and mails, light and dark: GitHub's Markdown and style sheet, a real browser.

    make pictures                                          every situation of the tests, into out/pictures
    make pictures ARGS="good.md email-recovery.html"       some of them

The two that the documentation shows are copied to docs/pictures. Needs Node.js with npm, and Chromium.
"""

from __future__ import annotations

import html
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

import cmarkgfm
from cmarkgfm.cmark import Options

ROOT: Final = Path(__file__).resolve().parents[2]
SUMMARIES: Final = ROOT / "tests/reports/golden"
MAILS: Final = ROOT / "tests/channels/golden"
PARTS: Final = ROOT / ".build/pictures"
OUT: Final = ROOT / "out/pictures"
SHOWN: Final = ("compared-light.png", "compared-dark.png")
"""What the documentation shows."""
PACKAGES: Final = ("mermaid@11.12.0", "github-markdown-css@5.8.1")
SCHEMES: Final = {"light": "#ffffff", "dark": "#0d1117"}
PREFERRED: Final = {"light": 1, "dark": 0}
"""What the browser calls them."""
WIDTH: Final = 1012
"""Pixels of a job's summary on a laptop."""
PAGE: Final = """\
<!doctype html><meta charset="utf-8"><style>{style}
body {{ margin: 0; background: {background} }} .markdown-body {{ padding: 24px; min-height: 100vh }}</style>
<article class="markdown-body">{body}</article>
<script>{mermaid}</script>
<script>mermaid.initialize({{ startOnLoad: true, theme: "{theme}", securityLevel: "strict" }})</script>
"""
FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--virtual-time-budget=10000",
)


def main(names: list[str]) -> None:
    """Draw the summaries and mails of these names, or all."""
    _install()
    OUT.mkdir(parents=True, exist_ok=True)
    sources = (*sorted(SUMMARIES.glob("*.md")), *sorted(MAILS.glob("email-*.html")))
    for source in (one for one in sources if not names or one.name in names):
        for scheme in SCHEMES:
            target = OUT / f"{source.stem}-{scheme}.png"
            text = source.read_text(encoding="utf-8")
            _draw(_summary(text, scheme) if source.suffix == ".md" else text, scheme, target)
            print(target.relative_to(ROOT))  # noqa: T201 - what the command is for
            if target.name in SHOWN:
                shutil.copy(target, ROOT / "docs/pictures" / target.name)


def _install() -> None:
    """Fetch the style sheet and Mermaid, once."""
    if not (PARTS / "node_modules").is_dir():
        PARTS.mkdir(parents=True, exist_ok=True)
        npm = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", *PACKAGES]
        subprocess.run(npm, cwd=PARTS, check=True)


def _draw(page: str, scheme: str, target: Path) -> None:
    """Take a picture of all of a page."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "page.html")
        file.write_text(page, encoding="utf-8")
        height = _height(file, folder)
        prefers = f"--blink-settings=preferredColorScheme={PREFERRED[scheme]}"
        _chromium(folder, prefers, f"--window-size={WIDTH},{height}", f"--screenshot={target}", file.as_uri())


def _summary(markdown: str, scheme: str) -> str:
    """Make a page of a summary."""
    modules = PARTS / "node_modules"
    return PAGE.format(
        style=(modules / f"github-markdown-css/github-markdown-{scheme}.css").read_text(encoding="utf-8"),
        background=SCHEMES[scheme],
        body=_body(markdown),
        mermaid=(modules / "mermaid/dist/mermaid.min.js").read_text(encoding="utf-8"),
        theme="dark" if scheme == "dark" else "default",
    )


def _body(markdown: str) -> str:
    """Return the HTML that GitHub makes of it; Mermaid draws where it would."""
    # GitHub lets the few tags through that summaries use
    body = cmarkgfm.github_flavored_markdown_to_html(markdown, Options.CMARK_OPT_UNSAFE)
    before, found, after = body.partition('<pre lang="mermaid"><code>')
    if not found:
        return body
    graph, _, after = after.partition("</code></pre>")
    return f'{before}<pre class="mermaid">{html.escape(html.unescape(graph))}</pre>{after}'


def _height(file: Path, folder: str) -> int:
    """Ask the browser how high the page is."""
    text = file.read_text(encoding="utf-8")
    measured = "<script>addEventListener('load', () => setTimeout(() => { document.title = (document.querySelector('article') || document.body).scrollHeight }, 4000))</script>"  # noqa: E501 - one line of another language
    file.write_text(text.replace("min-height: 100vh", "") + measured, encoding="utf-8")
    dumped = _chromium(folder, f"--window-size={WIDTH},600", "--dump-dom", file.as_uri())
    file.write_text(text, encoding="utf-8")
    return int(dumped.partition("<title>")[2].partition("</title>")[0] or 2000)


def _chromium(folder: str, *arguments: str) -> str:
    command = ["chromium", *FLAGS, f"--user-data-dir={folder}/profile", *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    return done.stdout


if __name__ == "__main__":
    main(sys.argv[1:])
