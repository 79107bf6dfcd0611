"""Which items of a table of contents are asked for in a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from legaltune.errors import ConfigurationError
from legaltune.fetch.contents import Entry
from legaltune.fetch.options import FetchOptions
from legaltune.fetch.state import TOC_NAME, UNKNOWN, Record, State, Validators


@dataclass(frozen=True, slots=True)
class Request:
    """An item to ask for.

    Attributes:
        entry: The item.
        known: What recognises the version that is there; empty where there is none.
    """

    entry: Entry
    known: Validators = UNKNOWN


@dataclass(slots=True)
class Plan:
    """What a run does: entries = requests + unchanged + filtered + postponed, always.

    Attributes:
        requests: Items to ask for: new ones first, then those that may have changed.
        unchanged: Items that are there in the version that the table of contents lists.
        filtered: Items that the filters leave out.
        postponed: Items beyond the limit of this run.
    """

    requests: list[Request] = field(default_factory=list)
    unchanged: int = 0
    filtered: int = 0
    postponed: int = 0


def make_plan(entries: Sequence[Entry], state: State, options: FetchOptions) -> Plan:
    """Plan a run.

    Raises:
        ConfigurationError: A court is asked for that the table of contents does not know.
    """
    _check_courts(entries, options)
    plan = Plan()
    new: list[Request] = []
    known: list[Request] = []
    for entry in entries:
        record = state.records.get(entry.name)
        if not _is_wanted(entry, options):
            plan.filtered += 1
        elif record is None or not state.holds(record):
            new.append(Request(entry))
        elif entry.modified is not None and entry.modified == record.modified and entry.path == record.path:
            plan.unchanged += 1
        else:
            known.append(Request(entry, record.validators))
    plan.requests = [*new, *known][: options.limit]
    plan.postponed = len(new) + len(known) - len(plan.requests)
    return plan


def vanished(entries: Sequence[Entry], state: State) -> dict[str, Record]:
    """Files that are there, but are listed no more."""
    listed = {entry.name for entry in entries} | {TOC_NAME}
    return {name: record for name, record in state.records.items() if name not in listed and state.holds(record)}


def _check_courts(entries: Sequence[Entry], options: FetchOptions) -> None:
    listed = {entry.court for entry in entries if entry.court}
    unknown = options.courts - listed
    if unknown:
        raise ConfigurationError(
            f"no decision of {', '.join(sorted(unknown))} is listed; courts: {', '.join(sorted(listed))}"
        )


def _is_wanted(entry: Entry, options: FetchOptions) -> bool:
    if options.courts and entry.court not in options.courts:
        return False
    if options.since and (entry.modified or "")[:10] < options.since.isoformat():
        return False
    return not options.decided_since or (entry.decided or "") >= f"{options.decided_since:%Y%m%d}"
