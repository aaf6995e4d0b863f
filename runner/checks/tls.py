"""The certificate that a server shows: how long it lasts, whom it is for, and who vouches for it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, ClassVar, Final

from annotated_types import Interval

from runner.checks.base import Measured, PlainText, Seen, known
from runner.checks.matching import excerpt
from runner.doors.distrust import REMEDIES, Distrust
from runner.doors.net import place
from runner.records import record
from runner.results import Verdict
from runner.spec import DurationBelow, Threshold
from runner.spec.texts import refuse_no_host

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from runner.doors.certificate import Certificate
    from runner.doors.tls import Presented
    from runner.scope import Scope

HTTPS: Final = 443
MOST_NAMES: Final = 5
"""Names of a certificate, and certificates of a chain, that a message lists."""
_DAY: Final = 86400.0
_LATE: Final = Threshold(below=21 * _DAY)
_TOO_LATE: Final = Threshold(below=7 * _DAY)
_SPANS: Final = ((_DAY, "day"), (3600.0, "hour"), (60.0, "minute"), (1.0, "second"))


@record
class Problem:
    """Something that makes clients turn away."""

    code: str
    sentence: str
    """What is wrong, as what follows “the certificate of shop.example:443 ”."""
    remedy: str


@record
class Tls(Measured):
    """Shake hands with a server, and hold the time that its certificate still lasts against the thresholds.

    A certificate that has expired, is not valid yet, is for another name, is signed by itself or by nobody who is
    trusted, or comes without the certificates between, is `critical`. Nothing is said to the server beyond that.
    """

    type: ClassVar[str] = "tls"
    remote: ClassVar[bool] = True
    unit: ClassVar[str] = "s"

    host: PlainText
    """A name or an address."""
    port: Annotated[int, Interval(ge=1, le=65535)] = HTTPS
    """It speaks TLS from the first byte; STARTTLS is not known here."""
    server_name: PlainText | None = None
    """The name that is asked for and that the certificate must be for, where it is not the host."""
    warning: DurationBelow | None = _LATE
    """Below which time left the verdict is `warning`; null for never."""
    critical: DurationBelow | None = _TOO_LATE
    """Below which time left the verdict is `critical`; null for never."""

    def __post_init__(self) -> None:
        """Refuse a URL, or a host with a port, where a host belongs."""
        Measured.__post_init__(self)
        for key in ("host", "server_name"):
            if (given := getattr(self, key)) is not None and known(given):
                refuse_no_host(given, key)

    def look(self, scope: Scope) -> Seen:
        """Shake hands, and read what was shown."""
        trusted = scope.trusts(self.host)
        shown = scope.doors.tls.look(self.host, self.port, self._wanted, scope.deadline, trusted=trusted)
        now = datetime.now(UTC)
        own = shown.chain[0]
        left = (own.ends - now).total_seconds()
        problems = tuple(self._problems(shown, now))
        about = [f"{problem.sentence}: {problem.remedy}" for problem in problems[1:]]
        if problems:
            message = f"the certificate of {self._shown} {problems[0].sentence}: {problems[0].remedy}"
            about += [f"it expires {_when(own.ends, now)}"] if left > 0 else []
        else:
            message = f"the certificate of {self._shown} expires {_when(own.ends, now)}"
        return Seen(
            message=message,
            verdict=Verdict.CRITICAL if problems else Verdict.OK,
            value=left,
            unit="s",
            metrics=_metrics(shown, left),
            also="; ".join([*about, *_background(shown)]),
            code=problems[0].code if problems else "",
        )

    @property
    def place(self) -> str:
        """Host and port, and the name that is asked for where it is another."""
        return self._shown if self._wanted == self.host else f"{self._shown} as {self._wanted}"

    @property
    def about(self) -> str | None:
        """The host, and the port where it is not that of HTTPS."""
        if not known(self.host, self.port):
            return None
        return self.host if self.port == HTTPS else self._shown

    def late(self, limit: str) -> str:
        """Say that no certificate came."""
        return f"{place(self.host, self.port)} showed no certificate within {limit}"

    @property
    def task(self) -> str:
        """What is connected to, and for which name."""
        name = "" if self.server_name is None else f" that is for {self.server_name}"
        return f"ask {self._shown} for a certificate{name}"

    @property
    def _shown(self) -> str:
        return place(self.host, self.port)

    @property
    def _wanted(self) -> str:
        return self.host if self.server_name is None else self.server_name

    def _problems(self, shown: Presented, now: datetime) -> Iterator[Problem]:
        """Say what is wrong, what matters most first."""
        yield from _untimely(shown, now)
        own = shown.chain[0]
        if not shown.names_host:
            yield Problem(
                code="wrong_name",
                sentence=f"is for {_listed(own.names) or _named(own.subject)}, not for {self._wanted}",
                remedy=f"have the server use one that names {self._wanted}, or give server_name the right name",
            )
        yield from _untrusted(shown)


def _untimely(shown: Presented, now: datetime) -> Iterator[Problem]:
    """Say which certificate is out of its time, the server's own before the others."""
    own, *others = shown.chain
    if own.ends <= now:
        yield Problem(
            code="expired",
            sentence=f"expired {_when(own.ends, now)}",
            remedy=REMEDIES[Distrust.EXPIRED],
        )
    elif own.begins > now:
        yield Problem(
            code="not_yet_valid",
            sentence=f"is not valid yet: it begins {_when(own.begins, now)}",
            remedy=REMEDIES[Distrust.NOT_YET_VALID],
        )
    elif shown.distrust in {Distrust.EXPIRED, Distrust.NOT_YET_VALID}:
        late = next((one for one in others if one.ends <= now or one.begins > now), None)
        which = f" ({_named(late.subject)}, {_date(late.begins)} to {_date(late.ends)})" if late else ""
        yield Problem(
            code=shown.distrust,
            sentence=f"is vouched for by one{which} that is out of its time",
            remedy="have the server send the present certificates of the issuer",
        )


def _untrusted(shown: Presented) -> Iterator[Problem]:
    """Say why nobody who is trusted vouches for it."""
    since = f"since {_date(shown.chain[0].begins)} at the earliest"
    top = _top(shown.chain)
    if shown.distrust is Distrust.SELF_SIGNED:
        yield Problem(
            code=shown.distrust,
            sentence=f"is self-signed, {since}, so nobody else vouches for it",
            remedy=REMEDIES[shown.distrust],
        )
    elif shown.distrust is Distrust.INCOMPLETE:
        yield Problem(
            code=shown.distrust,
            sentence=f"comes without that of its issuer {_named(top.issuer)}, {since}, which is not known here either",
            remedy=REMEDIES[shown.distrust],
        )
    elif shown.distrust is Distrust.UNKNOWN_ROOT:
        yield Problem(
            code=shown.distrust,
            sentence=f"leads to {_named(top.issuer)}, {since}, which is not trusted here",
            remedy=REMEDIES[shown.distrust],
        )
    elif shown.distrust is Distrust.OTHER:
        yield Problem(code=shown.distrust, sentence=f"{shown.said}, {since}", remedy=REMEDIES[shown.distrust])


def _background(shown: Presented) -> Iterator[str]:
    """Say what else there is to know: whom it is for, who vouches for it, and what ends sooner than it."""
    own, *others = shown.chain
    if shown.names_host:
        yield f"it is for {_listed(own.names) or _named(own.subject)}"
    yield f"chain: {_chain(shown.chain)}"
    sooner = [one for one in others if one.ends < own.ends]
    if shown.distrust is Distrust.NONE and sooner:
        first = min(sooner, key=lambda one: one.ends)
        yield f"{_named(first.subject)}, which vouches for it, ends sooner, on {_date(first.ends)}"


def _metrics(shown: Presented, left: float) -> dict[str, object]:
    own = shown.chain[0]
    metrics: dict[str, object] = {
        "days_left": round(left / _DAY, 2),
        "valid_from": own.begins.isoformat(),
        "valid_until": own.ends.isoformat(),
        "chain_length": len(shown.chain),
        "connect_ms": round(shown.connect * 1000, 2),
    }
    if shown.handshake:
        metrics["handshake_ms"] = round(shown.handshake * 1000, 2)
    if shown.version:
        metrics["tls_version"] = shown.version
    return metrics


def _top(chain: Sequence[Certificate]) -> Certificate:
    """Return where the chain ends that starts at the server's own certificate."""
    top, rest = chain[0], list(chain[1:])
    while above := next((one for one in rest if one.subject == top.issuer and not top.self_issued), None):
        rest.remove(above)
        top = above
    return top


def _chain(chain: Sequence[Certificate]) -> str:
    """Write the chain as it was sent, and who vouches for its end."""
    names = [_named(one.subject) for one in chain[:MOST_NAMES]]
    if len(chain) > MOST_NAMES:
        names.append(f"{len(chain) - MOST_NAMES} more")
    elif not chain[-1].self_issued:
        names.append(_named(chain[-1].issuer))
    return " ← ".join(names)


def _listed(names: Sequence[str]) -> str:
    shown = [_named(name) for name in names[:MOST_NAMES]]
    if len(names) > MOST_NAMES:
        shown.append(f"{len(names) - MOST_NAMES} more")
    *first, last = shown or [""]
    return f"{', '.join(first)} and {last}" if first else last


def _named(name: str) -> str:
    """Return a name that came from outside, on one line."""
    return excerpt(name).removeprefix("“").removesuffix("”") if name.strip() else "somebody without a name"


def _when(moment: datetime, now: datetime) -> str:
    """Write a moment for people: `in 12 days, on 2026-03-01 12:00 UTC`."""
    seconds = (moment - now).total_seconds()
    span = _span(abs(seconds))
    return f"{f'in {span}' if seconds > 0 else f'{span} ago'}, on {moment:%Y-%m-%d %H:%M} UTC"


def _span(seconds: float) -> str:
    """Write a time in one unit, rounded down, of which it has at least two: `12 days`, `36 hours`."""
    size, unit = next(((size, unit) for size, unit in _SPANS if seconds >= 2 * size), _SPANS[-1])
    count = int(seconds // size)
    return f"{count} {unit}{'s' * (count != 1)}"


def _date(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"
