"""Web pages as `init` finds them: what each answers now, and the checks that this suggests."""

from __future__ import annotations

import html
import json
import re
from functools import partial
from math import ceil, inf
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from runner.checks.http import Http
from runner.cli.starter import quoted
from runner.deadline import Deadline
from runner.doors import Effect
from runner.doors.request import Request
from runner.errors import NodeError
from runner.records import record
from runner.spec import duration_text
from runner.threads import concurrently
from runner.validators import read

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from runner.doors import Doors
    from runner.doors.request import Response

PATIENCE: Final = 10.0
"""Seconds that one page has to answer."""
_AT_ONCE: Final = 10
_HEAD: Final = 64 * 1024
"""Bytes of a page in which its title is looked for."""
_TITLE: Final = re.compile(rb"<title[^>]{0,200}>([^<]{0,200})</title", re.IGNORECASE)
_LONGEST_TITLE: Final = 80
_LONGEST_SAYING: Final = 200
_INDENT: Final = " " * 8
_HTTPS: Final = 443
_OK, _MOVED, _WRONG = 200, 300, 400
_LIMITS: Final = ((0.5, "1s", "5s"), (1.0, "2s", "5s"), (inf, "5s", "8s"))
"""Up to so many seconds, and from where on an answer is slow then, and as good as none."""


@record
class Site:
    """A page, and what was seen of it."""

    url: str
    said: str
    """What is known about it, as a sentence without its subject: `answered 200 in 312ms`."""
    asked: bool = True
    status: int = 0
    """0 where it has not answered."""
    seconds: float = 0.0
    final: str = ""
    """Where the answer came from, behind all redirects."""
    title: str = ""
    """A text that stands in its answer as it is."""


def asked(urls: Sequence[str], doors: Doors, *, patience: float = PATIENCE) -> list[Site]:
    """Ask each page once, several at the same time; each has so many seconds to answer."""
    deadline = Deadline(patience * ceil(len(urls) / _AT_ONCE) + 1)
    tasks = [partial(_asked, url, doors, deadline, patience) for url in urls]
    return list(concurrently(tasks, deadline, limit=_AT_ONCE))


def _asked(url: str, doors: Doors, deadline: Deadline, patience: float) -> Site:
    request = Request(url=url, follow_redirects=True, max_body=_HEAD)
    try:
        response = doors.http.send(request, deadline.within(patience), effect=Effect.READ)
    except NodeError as error:
        return Site(url=url, said=f"gave no answer: {_line(error.message)}")
    seconds = response.timings.total
    moved = "" if response.url == url else f", as {_line(response.url)}, to which it redirects"
    return Site(
        url=url,
        said=f"answered {response.status} in {duration_text(seconds)}{moved}",
        status=response.status,
        seconds=seconds,
        final=response.url,
        title=_title(response),
    )


def _title(response: Response) -> str:
    """Return the title of a page, where `body_contains` would find it as it is."""
    found = _TITLE.search(response.body)
    written = found[1].decode("utf-8", "replace").strip() if found else ""
    usable = written.isprintable() and "\N{REPLACEMENT CHARACTER}" not in written and html.unescape(written) == written
    return written if usable and len(written) <= _LONGEST_TITLE else ""


def _line(text: str) -> str:
    """Return a text from outside on one line, without what cannot be seen."""
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())[:_LONGEST_SAYING]


def checks_of(sites: Iterable[Site]) -> str:
    """Write the checks of pages, as they stand below `checks:`."""
    names: set[str] = set()
    hosts: set[tuple[str, int]] = set()
    return "\n".join(f"{_INDENT}{line}" for site in sites for line in _lines(site, names, hosts))


def _lines(site: Site, names: set[str], hosts: set[tuple[str, int]]) -> Iterator[str]:
    slow, lost = next((slow, lost) for limit, slow, lost in _LIMITS if site.seconds <= limit)
    status = "200-299" if _OK <= site.status < _MOVED else "200-399"
    yield f"# {_remark(site)}"
    yield "- type: http"
    yield f"  name: {_free(read(Http, {'url': site.url}).default_name or '', names)}"
    yield f"  url: {quoted(site.url)}"
    yield "  expect:"
    yield _noted(f"    status: {status}", "any other answer is critical")
    if site.title and site.status < _WRONG:
        title = f"    # body_contains: {json.dumps(site.title, ensure_ascii=False)}"
        yield _noted(title, "its title, which an empty page has not")
    yield _noted(f"  warning: {slow}", "from here on it is slow")
    yield _noted(f"  critical: {lost}", "from here on it is as good as down")
    for host, port in _secured(site.url, site.final):
        if (host, port) not in hosts:
            hosts.add((host, port))
            yield from _certificate(host, port, names)


def _noted(line: str, note: str) -> str:
    return f"{line:<24} # {note}"


def _remark(site: Site) -> str:
    if not site.asked:
        return f"It {site.said}."
    wrong = f", which is critical here; where that is well, write status: {site.status}"
    return f"When this was written, it {site.said}{wrong if site.status >= _WRONG else ''}."


def _certificate(host: str, port: int, names: set[str]) -> Iterator[str]:
    words = re.findall(r"[a-z0-9]+", host if port == _HTTPS else f"{host} {port}")
    yield _noted("- type: tls", "a warning 21 days before the certificate ends, critical 7 days before")
    yield f"  name: {_free('_'.join(['certificate', *words]), names)}"
    yield f"  host: {quoted(host)}"
    if port != _HTTPS:
        yield f"  port: {port}"


def _secured(*urls: str) -> Iterator[tuple[str, int]]:
    """Return hosts and ports that speak TLS."""
    for parts in map(urlsplit, filter(None, urls)):
        if parts.scheme == "https" and parts.hostname:
            yield parts.hostname, parts.port or _HTTPS


def _free(name: str, names: set[str]) -> str:
    """Return a name that no other check has, and take it."""
    short = name.removeprefix("http_")
    base = short if short[:1].isalpha() else name
    found = next(
        one for one in (base, *(f"{base}_{number}" for number in range(2, len(names) + 3))) if one not in names
    )
    names.add(found)
    return found
