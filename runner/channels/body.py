"""The parts of a message: what is broken and since when, the likely cause, what to do, what the run could not do."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from runner.channels.message import Item, Kind, Link, Section
from runner.channels.wording import (
    alert_name,
    background,
    check_title,
    clipped,
    clock,
    counted,
    earliest,
    flat,
    lasting,
    names,
    open_name,
    since,
    span,
    web_address,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from runner.channels.headline import Headline
    from runner.facts import Alert, Analysis, CheckResult, Facts, Recommendation
    from runner.results import Open, RunFacts

_ALERTS: Final = 10
_CHECKS: Final = 20
_RECOMMENDATIONS: Final = 5
_ACTIONS: Final = 8
_EVIDENCE: Final = 5
_LABELS: Final = 8
_LINKED_ALERTS: Final = 3
_LONG: Final = 1500
_SHORT: Final = 300
_RUNBOOKS: Final = ("runbook_url", "runbook")
_FIRST_SEEN: Final = "First seen in this run."
_BLIND: Final = (
    "The run of {} failed before it could tell anything: nothing is known about what it looks after.",
    "Mend what the title names, and run it again: until then nothing is watched.",
)


def sections(facts: Facts, head: Headline, now: datetime, failure: str) -> tuple[Section, ...]:
    """Write every part that has something to say."""
    found = (
        _whole(facts, head),
        _blindness(facts, head, now),
        _alerts(facts, head, now),
        _checks(facts, head),
        _compared(facts),
        _cause(facts),
        _actions(facts.analysis),
        _failures(facts, head, failure),
    )
    return tuple(section for section in found if section.paragraphs or section.items)


def _whole(facts: Facts, head: Headline) -> Section:
    """Repeat in full what a title has to cut; where there are several, their list does so."""
    alone = len(facts.firing) + len(facts.bad) == 1
    return Section(paragraphs=(flat(head.whole, _LONG),) if head.whole and alone else ())


def links(facts: Facts, run: RunFacts) -> tuple[Link, ...]:
    """Link the run, and of the worst alerts their pages and runbooks."""
    found = [Link(text="This run", url=run.url)] if run.url else []
    worst = (facts.firing or facts.alerts)[:_LINKED_ALERTS]
    alike = len({alert.name for alert in worst}) < len(worst)
    for alert in worst:
        runbook = next((alert.annotations[key] for key in _RUNBOOKS if alert.annotations.get(key)), "")
        found += [
            Link(text=f"{text} {clipped(alert_name(alert), 90) if alike else flat(alert.name, 60)}", url=url)
            for text, url in (("Runbook of", runbook), ("Source of", alert.url))
            if web_address(url)
        ]
    return tuple({link.url: link for link in reversed(found)}.values())[::-1]


def _alerts(facts: Facts, head: Headline, now: datetime) -> Section:
    """Describe the alert that the title names, or list several."""
    missing = facts.truncated
    left_out = (f"The sender left out {counted(missing, 'more alert', 'more alerts')}.",) if missing else ()
    if head.alert is not None and len(facts.alerts) == 1:
        return Section(paragraphs=(*_about(head.alert, now), *left_out))
    listed = facts.worst_first
    items = [_alert_item(alert, now) for alert in listed[:_ALERTS]]
    if rest := listed[_ALERTS:]:
        items.append(Item(text=flat(f"… and {len(rest)} more: {_names(rest)}", _LONG)))
    tally = (_tally(facts, now),) if len(listed) > 1 else ()
    heading = "Alerts" if listed and not tally else ""
    return Section(heading=heading, paragraphs=(*tally, *left_out), items=tuple(items))


def _names(alerts: Sequence[Alert]) -> str:
    """List alerts by name, and where each is: `InstanceDown on web-11, web-12, DiskFull on db1`."""
    places: dict[str, list[str]] = {}
    for alert in alerts:
        places.setdefault(flat(alert.name), []).append(flat(alert.subject))
    listed = ((name, ", ".join(dict.fromkeys(filter(None, where)))) for name, where in places.items())
    return ", ".join(f"{name} on {where}" if where else name for name, where in listed)


def _tally(facts: Facts, now: datetime) -> str:
    """Say how many alerts there are, since when and how bad: `2 alerts are firing, the first since …: 2 critical`."""
    firing = facts.firing
    told = []
    if firing:
        start = since(earliest(firing), now)
        when = f", the first {start}" if start and len(firing) > 1 else f", {start}" if start else ""
        are = counted(len(firing), "alert is", "alerts are")
        told.append(f"{are} firing{when}: {_graded(alert.severity for alert in firing)}")
    for status, word in (("acknowledged", "taken on"), ("resolved", "over")):
        number = sum(alert.status == status for alert in facts.alerts)
        noun = ("is", "are") if told else ("alert is", "alerts are")
        told += [f"{counted(number, *noun)} {word}"] if number else []
    return f"{'; '.join(told)}."


def _graded(words: Iterable[str]) -> str:
    """Count words that come in order: `3 critical, 17 warning`."""
    return ", ".join(f"{number} {word}" for word, number in Counter(map(str, words)).items())


def _about(alert: Alert, now: datetime) -> Iterator[str]:
    over = alert.status == "resolved"
    said = flat(alert.description, _LONG)
    told = [f"It was about: {said}" if over else said] if said else []
    yield from (_history(alert, now), *told) if over else (*told, _history(alert, now))
    shown = [f"{flat(key)}={flat(value)}" for key, value in alert.labels.items() if _tells(alert, key, value)]
    if shown:
        yield flat(f"Labels: {', '.join(shown[:_LABELS])}", _LONG)


def _tells(alert: Alert, key: str, value: str) -> bool:
    """Say whether a label adds anything to the title."""
    return key not in {"alertname", "severity"} and value not in {alert.name, alert.subject}


def _history(alert: Alert, now: datetime) -> str:
    if alert.status == "resolved":
        return f"It is over. It fired {span(alert)}." if span(alert) else "It is over."
    if alert.status == "acknowledged":
        return (
            f"Somebody has taken it on. It fires {since(alert, now)}."
            if since(alert, now)
            else "Somebody has taken it on."
        )
    return f"Firing {since(alert, now)}." if since(alert, now) else _FIRST_SEEN


def _alert_item(alert: Alert, now: datetime) -> Item:
    state = alert.severity if alert.status == "firing" else alert.status
    said = f": {flat(alert.description, _SHORT)}" if alert.description else ""
    return Item(text=f"{state.upper()} {alert_name(alert)}{said}", details=(_history(alert, now),))


def _checks(facts: Facts, head: Headline) -> Section:
    """List what is not ok, and count what is."""
    bad = facts.bad
    good = [check for check in facts.checks if check not in bad]
    if not bad and head.kind is Kind.WELL:
        return Section(items=_first([Item(text=check_title(check)) for check in good], _CHECKS))
    if not bad:
        return Section(paragraphs=_counted(good, facts, "check is", "checks are"))
    if len(bad) == 1 and head.alert is None:
        fine = _counted(good, facts, "other check is", "other checks are")
        return Section(paragraphs=(*_measured(bad[0]), *_seen(facts), *fine))
    listed = _first([_check_item(check) for check in bad], _CHECKS)
    fine_items = (Item(text=f"ok{_fine(good, facts)}"),) if good else ()
    count = f"{len(bad)} of {len(facts.checks)} checks are not ok: {_graded(check.verdict for check in bad)}."
    tally = (count,) if len(bad) > 1 else ()
    return Section(heading="" if tally else "Checks", paragraphs=(*tally, *_seen(facts)), items=(*listed, *fine_items))


def _seen(facts: Facts) -> tuple[str, ...]:
    """Say since when the checks are not ok; nothing where some are new and some are not, which is told below."""
    before = [facts.before(check) for check in facts.bad]
    if not any(before):
        return (_FIRST_SEEN,)
    alone = before[0] if len(before) == 1 else None
    return (f"Not ok {lasting(alone)}.",) if alone else ()


def _compared(facts: Facts) -> Section:
    """Say what is new, what still is and what is over, where the rest of the message does not."""
    comparison = facts.comparison
    if comparison is None or not comparison.previous_run_id:
        return Section()
    wrong = {(check.node, check.name): check for check in facts.bad}
    still = [one for one in comparison.still if len(wrong) > 1 and (one.node, one.check) in wrong]
    known = {(one.node, one.check) for one in still}
    new = [check for place, check in wrong.items() if still and place not in known]
    items = (
        *((f"New: {names(new)}",) if new else ()),
        *(f"Still: {flat(one.check)}, {lasting(one)}" for one in still),
        *(f"{_ended(one)}: {open_name(one)}, {one.verdict} {lasting(one)}" for one in facts.over),
    )
    return Section(heading="Since the last run", items=_first([Item(text=flat(one, _SHORT)) for one in items], _CHECKS))


def _ended(one: Open) -> str:
    return "Fixed" if one.watched else "No longer watched"


def _check_item(check: CheckResult) -> Item:
    rest = background(check)
    return Item(text=f"{check.verdict.upper()} {check_title(check)}", details=(rest,) if rest else ())


def _first(items: Sequence[Item], limit: int) -> tuple[Item, ...]:
    """Keep the first entries of a list, and count the rest."""
    rest = len(items) - limit
    return (*items[:limit], *([Item(text=f"… and {rest} more")] if rest > 0 else []))


def _counted(good: Sequence[CheckResult], facts: Facts, one: str, many: str) -> tuple[str, ...]:
    return (f"{counted(len(good), one, many)} ok{_fine(good, facts)}.",) if good else ()


def _fine(good: Sequence[CheckResult], facts: Facts) -> str:
    """Name checks that are ok; beside an alert, which may be about another machine, with the machine that they saw."""
    here = [check for check in good if check.machine]
    if not facts.alerts or len({check.machine for check in here}) != 1:
        return f": {names(good)}"
    machine = flat(here[0].machine)
    if len(here) == len(good):
        return f" on {machine}: {names(good)}"
    return f": {names(here)} on {machine}; {names([check for check in good if not check.machine])}"


def _measured(check: CheckResult) -> Iterator[str]:
    """Say what else the check saw, and what its value was held against, where the title names the check."""
    if rest := background(check):
        yield rest
    levels = [f"{word} {level}" for word, level in (("warning", check.warning), ("critical", check.critical)) if level]
    if levels and check.value is not None:
        yield f"Limits: {', '.join(levels)}."


def _cause(facts: Facts) -> Section:
    analysis = facts.analysis
    if analysis is None:
        return Section()
    local = "The analysis service gave no answer; this comes from the local rules."
    by_model = () if analysis.provider == "local" else (f"{flat(analysis.provider)} says so, and may be wrong.",)
    doubt = (local,) if analysis.fallback_used else by_model
    if not analysis.probable_cause:
        # the local rules sum up what stands above anyway
        said = () if analysis.provider == "local" else tuple(filter(None, (flat(analysis.summary, _LONG),)))
        return Section(heading="Analysis", paragraphs=(*said, *(doubt if said or analysis.fallback_used else ())))
    # of the first, which is about the cause: what the others rest on would pass for a proof of it here
    return Section(
        heading="Likely cause",
        paragraphs=(flat(analysis.probable_cause, _LONG), *doubt),
        items=tuple(Item(text=one) for one in _evidence(facts, analysis)),
    )


def _evidence(facts: Facts, analysis: Analysis) -> Iterator[str]:
    """Give what the cause rests on: what is new, and of what stands above only what tells this trouble from others."""
    # of the first, which is about the cause: what the others rest on would pass for a proof of it here
    given = dict.fromkeys(flat(one, _SHORT) for item in analysis.recommendations[:1] for one in item.evidence)
    told, new = tuple(_told(facts)), []
    quoted: dict[str, str] = {}
    for one in filter(None, given):
        known = [name for name, words in told if words.startswith(one.rstrip("…"))]
        quoted |= dict.fromkeys(known, one.partition("; ")[0])
        new += [] if known or one.startswith("…") else [one]  # which counts others that are not here
    telling = len(quoted) < len({name for name, _ in told})
    lines = [*(quoted.values() if telling else ()), *new]
    yield from list(dict.fromkeys(map(_without_its_name, lines)))[:_EVIDENCE]


def _without_its_name(line: str) -> str:
    """Leave out the name in front of what begins with it anyway: `disk: disk / is 96% full`."""
    name, _, said = line.partition(": ")
    return said if said.lower().startswith(f"{name.lower()} ") else line


def _told(facts: Facts) -> Iterator[tuple[str, str]]:
    """Give the names of what is wrong, with what an analysis may quote of it and people have read above."""
    for alert in facts.firing:
        since_when = f" since {alert.started_at}" if alert.started_at else ""
        where = f" on {alert.subject}" if alert.subject else ""
        yield flat(alert.name), flat(f"{alert.name} ({alert.severity}) is firing{where}{since_when}")
    said = [(one.name, one.description) for one in facts.firing] + [(one.name, one.message) for one in facts.bad]
    for name, words in said:
        yield flat(name), flat(words)
        yield flat(name), flat(f"{name}: {words}")


def _actions(analysis: Analysis | None) -> Section:
    recommended = analysis.recommendations if analysis else ()
    items = _first([_recommendation_item(item) for item in recommended], _RECOMMENDATIONS)
    # commands of the rules are the runner's own, a model's are anybody's
    by_model = f"Written by {flat(analysis.provider)}: read a command before you run it." if analysis else ""
    told = (by_model,) if items and analysis and analysis.provider != "local" else ()
    return Section(heading="What to do", paragraphs=told, items=items)


def _recommendation_item(item: Recommendation) -> Item:
    said = flat(item.description, _SHORT)
    title = flat(item.title, _SHORT)
    text = f"{title.removesuffix('.')}. {said}" if said and said != title else title
    return Item(text=text, details=_flat_all(item.actions[:_ACTIONS]))


def _flat_all(lines: Iterable[str]) -> tuple[str, ...]:
    return tuple(filter(None, (flat(line, _SHORT) for line in lines)))


def _blindness(facts: Facts, head: Headline, now: datetime) -> Section:
    """Say that nobody knows how things are, where that is so."""
    blind = head.kind is Kind.FAILED and not facts.checks
    return Section(paragraphs=tuple(line.format(clock(now)) for line in _BLIND) if blind else ())


def _failures(facts: Facts, head: Headline, failure: str) -> Section:
    """Say what the run could not do, each thing once; what was optional is a line at the end."""
    said = head.title if head.kind is Kind.FAILED else ""
    told = [flat(f"{one.node}: {one.message}", _SHORT) for one in facts.failures if one.required]
    items = tuple(Item(text=text) for text in told if text.replace(": ", " failed: ", 1) not in said)
    paragraphs = []
    if failure and not told and flat(failure) not in said:
        paragraphs.append(flat(failure, _SHORT))
    paragraphs += (
        flat(f"The run went on without {one.node}, which failed: {one.message}", _SHORT)
        for one in facts.failures
        if not one.required
    )
    return Section(heading="What failed in this run" if items else "", paragraphs=tuple(paragraphs), items=items)
