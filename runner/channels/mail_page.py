"""A message as the HTML part of a mail: tables and inline styles for Outlook, and colours for a dark room."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, Final

from runner.channels.message import Kind
from runner.channels.wording import web_address
from runner.results import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.channels.message import Item, Link, Message, Section

_FONT: Final = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
_RED: Final = "#b42318"
_AMBER: Final = "#9a5b00"
_GREEN: Final = "#067647"
_GREY: Final = "#475467"
_BANDS: Final = {
    Kind.FAILED: _AMBER,
    Kind.ACKNOWLEDGED: _GREY,
    Kind.RECOVERED: _GREEN,
    Kind.WELL: _GREEN,
    Kind.NOTICE: _GREY,
}
"""The colour behind the title, where it does not say how bad something is; white can be read on each."""
_PROBLEMS: Final = {Severity.CRITICAL: _RED, Severity.WARNING: _AMBER, Severity.INFO: _GREY}

_HEAD: Final = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; supported-color-schemes: light dark; }}
@media (prefers-color-scheme: dark) {{
  .page {{ background-color: #101214 !important; }}
  .card {{ background-color: #1d2024 !important; border-color: #383d45 !important; }}
  .text {{ color: #e6e8eb !important; }}
  .soft {{ color: #a5adb8 !important; }}
  .link {{ color: #8ab4f8 !important; }}
  .line {{ border-color: #383d45 !important; }}
  .code {{ color: #e6e8eb !important; background-color: #2b3036 !important; }}
}}
</style>
</head>
"""
_BODY: Final = """\
<body class="page" style="margin:0;padding:0;background-color:#f2f4f7">
<table class="page" role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" bgcolor="#f2f4f7">
<tr><td align="center" style="padding:16px 8px">
<table class="card" role="presentation" width="640" cellpadding="0" cellspacing="0" border="0" bgcolor="#ffffff" \
style="width:100%;max-width:640px;border:1px solid #d0d5dd">
"""
_END: Final = """\
</table>
</td></tr>
</table>
</body>
</html>
"""
_TITLE: Final = f"margin:0;{_FONT};font-size:18px;line-height:25px;font-weight:bold;color:#ffffff"
_HEADING: Final = f"margin:18px 0 4px 0;{_FONT};font-size:13px;line-height:20px;font-weight:bold;color:#475467"
_TEXT: Final = f"margin:0 0 6px 0;{_FONT};font-size:15px;line-height:22px;color:#1d2939"
_LIST: Final = "margin:0 0 6px 0;padding:0 0 0 20px"
_ITEM: Final = f"margin:0 0 4px 0;{_FONT};font-size:15px;line-height:22px;color:#1d2939"
_DETAIL: Final = f"margin:2px 0 2px 0;{_FONT};font-size:14px;line-height:20px;color:#475467"
_GAP: Final = '<div style="height:10px;line-height:10px;font-size:1px">&nbsp;</div>\n'
_LINK: Final = "color:#175cd3;text-decoration:underline"
_COMMAND: Final = (
    "font-family:Consolas,Menlo,'DejaVu Sans Mono',monospace;font-size:13px;color:#1d2939;background-color:#eef0f3"
)
_FOOT: Final = f"margin:0;{_FONT};font-size:12px;line-height:18px;color:#667085"
_BACKTICKS: Final = re.compile("`([^`]+)`")
_WRAP: Final = "word-break:break-word;overflow-wrap:anywhere"


def page(message: Message) -> str:
    """Lay a message out; nothing in it is loaded from anywhere."""
    return "".join(
        (
            _HEAD.format(title=_escaped(message.title)),
            _BODY,
            *(_whole(message.whole) if message.whole else _parts(message)),
            _END,
        )
    )


def _parts(message: Message) -> Iterator[str]:
    band = _PROBLEMS[message.severity] if message.kind is Kind.PROBLEM else _BANDS[message.kind]
    yield f'<tr><td bgcolor="{band}" style="background-color:{band};padding:16px 24px;{_WRAP}">\n'
    yield f'<h1 style="{_TITLE}">{_escaped(message.title)}</h1>\n</td></tr>\n'
    if message.sections:
        yield f'<tr><td style="padding:16px 24px 8px 24px;{_WRAP}">\n'
        for place, section in enumerate(message.sections):
            if place and not section.heading:
                yield _GAP
            # at the top the padding is space enough
            yield from _section(section, _HEADING if place else _HEADING.replace("18px", "0", 1))
        yield "</td></tr>\n"
    links = [_link(link) for link in message.links if web_address(link.url)]
    foot = [f'<p class="text" style="{_TEXT}">{link}</p>\n' for link in links]
    foot += [f'<p class="soft" style="{_FOOT}">{_escaped(message.footer)}</p>\n'] if message.footer else []
    if foot:
        yield f'<tr><td class="line" style="padding:12px 24px 16px 24px;border-top:1px solid #d0d5dd;{_WRAP}">\n'
        yield from foot
        yield "</td></tr>\n"


def _whole(text: str) -> Iterator[str]:
    """Write a text of the definition, line for line."""
    lines = "<br>\n".join(map(_indented, text.splitlines()))
    yield f'<tr><td style="padding:16px 24px;{_WRAP}">\n<p class="text" style="{_TEXT}">{lines}</p>\n</td></tr>\n'


def _indented(line: str) -> str:
    text = line.lstrip(" ")
    return "&nbsp;" * (len(line) - len(text)) + _escaped(text)


def _section(section: Section, heading: str) -> Iterator[str]:
    if section.heading:
        yield f'<h2 class="soft" style="{heading}">{_escaped(section.heading)}</h2>\n'
    yield from (f'<p class="text" style="{_TEXT}">{_escaped(text)}</p>\n' for text in section.paragraphs)
    if section.items:
        yield f'<ul style="{_LIST}">\n{"".join(map(_item, section.items))}</ul>\n'


def _item(item: Item) -> str:
    details = "".join(f'<li class="soft" style="{_DETAIL}">{_spoken(detail)}</li>\n' for detail in item.details)
    below = f'\n<ul style="{_LIST}">\n{details}</ul>\n' if details else ""
    return f'<li class="text" style="{_ITEM}">{_spoken(item.text)}{below}</li>\n'


def _spoken(text: str) -> str:
    """Write a text in which commands stand between backticks."""
    return _BACKTICKS.sub(rf'<code class="code" style="{_COMMAND}">\1</code>', _escaped(text))


def _link(link: Link) -> str:
    return f'<a class="link" href="{_escaped(link.url)}" style="{_LINK}">{_escaped(link.text)}</a>'


def _escaped(text: str) -> str:
    return html.escape(text, quote=True)
