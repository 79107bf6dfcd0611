"""One run: table of contents, plan, downloads, summary."""

from __future__ import annotations

import asyncio
import errno
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from legaltune.errors import DataError, PlatformError, ServiceUnavailableError
from legaltune.fetch.client import Answer, AnswerKind, DownloadError, PoliteClient, Waiting
from legaltune.fetch.contents import Contents, read_contents
from legaltune.fetch.options import FetchOptions, Source, find_source
from legaltune.fetch.plan import Plan, Request, make_plan, vanished
from legaltune.fetch.state import STATE_FOLDER, TOC_NAME, UNKNOWN, Partial, Record, State, Validators, open_state
from legaltune.fetch.verify import UnusableFileError, check_zip
from legaltune.files import write_json
from legaltune.logs import progress

logger = logging.getLogger(__name__)

_LISTED = 100
_GIVE_UP_AFTER_GONE = 200
_TOC_PATIENCE = 10
_PRUNED_SHARE = 0.2
_DISK_IS_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


@dataclass(slots=True)
class _Tally:
    """What became of the requests of a run."""

    downloaded: int = 0
    bytes_downloaded: int = 0
    not_modified: int = 0
    gone: list[str] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    failed_in_a_row: int = 0
    gone_in_a_row: int = 0
    stop_reason: str | None = None


def fetch(source: str, folder: Path, options: FetchOptions, *, waiting: Waiting | None = None) -> dict[str, Any]:
    """Bring a folder up to date with an official collection.

    The zips lie in the folder as `legaltune prepare` reads them; what is needed for the next run lies in its hidden
    folder `.fetch`. A run that was killed goes on where it was.

    Args:
        source: "rii" (decisions) or "gii" (statutes).
        folder: Where the zips are kept; made where it does not exist.
        options: Filters, politeness and limits.
        waiting: Clocks and sleep, for tests.

    Returns:
        The summary, also kept as `.fetch/summary.json`. Its counts satisfy items = downloaded + unchanged + filtered +
        postponed + gone + failed + refused, always.

    Raises:
        ConfigurationError: The options do not fit the source, or another process fetches into the folder.
        ServiceUnavailableError: The table of contents cannot be had, or too many files failed.
        DataError: The table of contents is malformed.
        PlatformError: The disk is full; what is there is whole.
    """
    found = find_source(source, options)
    toc_url = options.toc_url or found.toc_url
    with _clear_disk_errors(folder), open_state(folder, source, toc_url) as state:
        return asyncio.run(_Run(found, toc_url, state, options, waiting or Waiting()).run())


@contextmanager
def _clear_disk_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in _DISK_IS_FULL:
            raise
        raise PlatformError(
            f"no space left for {folder}: free some and run the command again; what is there is whole, and it goes on "
            "where it was"
        ) from None


@dataclass(slots=True)
class _Run:
    source: Source
    toc_url: str
    state: State
    options: FetchOptions
    waiting: Waiting
    tally: _Tally = field(default_factory=_Tally)

    async def run(self) -> dict[str, Any]:
        started = self.waiting.monotonic()
        async with PoliteClient(self.options, self.waiting) as client:
            contents = await self._contents(client)
            plan = make_plan(contents.entries, self.state, self.options)
            if not self.options.dry_run:
                await self._download(client, plan)
        missing = vanished(contents.entries, self.state)
        summary = {
            **self._counts(contents, plan),
            "vanished": len(missing),
            "pruned": self._prune(missing, len(contents.entries)),
            "vanished_files": sorted(record.path for record in missing.values())[:_LISTED],
            "requests": client.num_requests,
            "seconds": round(self.waiting.monotonic() - started, 1),
        }
        write_json(self.state.hidden_folder / "summary.json", summary)
        self._judge(summary)
        return summary

    async def _contents(self, client: PoliteClient) -> Contents:
        """The table of contents; asked for only where the server has another version than the last run."""
        record = self.state.records.get(TOC_NAME)
        path = self.state.hidden_folder / TOC_NAME
        partial = Partial(self.state.hidden_folder / "partial" / TOC_NAME)
        try:
            answer = await client.fetch(
                self.toc_url,
                partial,
                known=record.validators if record and self.state.holds(record) else UNKNOWN,
                max_bytes=self.options.max_toc_bytes,
                seconds=self.options.file_seconds * _TOC_PATIENCE,
                check=lambda file: _check_contents(file, self.source, self.toc_url),
            )
        except DownloadError as error:
            kind = DataError if error.is_content else ServiceUnavailableError
            raise kind(f"table of contents {self.toc_url}: {error}") from None
        if answer.kind is AnswerKind.GONE:
            raise ServiceUnavailableError(f"there is no table of contents at {self.toc_url}: try another --toc-url")
        if answer.kind is AnswerKind.COMPLETE:
            size = partial.move_to(path)
            self.state.put(TOC_NAME, _record(f"{STATE_FOLDER}/{TOC_NAME}", size, None, answer.validators))
        contents = read_contents(path, self.source, self.toc_url)
        for link, reason in contents.refused[:_LISTED]:
            logger.warning("not followed: %s: %s", link or "an item", reason)
        return contents

    async def _download(self, client: PoliteClient, plan: Plan) -> None:
        queue = iter(plan.requests)
        with progress("files fetched", len(plan.requests)) as advance:
            try:
                async with asyncio.TaskGroup() as group:
                    for _ in range(self.options.connections):
                        group.create_task(self._work(client, queue, advance))
            except ExceptionGroup as group_error:
                raise _first(group_error) from None
            except asyncio.CancelledError:
                logger.info("stopped: %d files fetched; the next run goes on from here", self.tally.downloaded)
                raise

    async def _work(self, client: PoliteClient, queue: Iterator[Request], advance: Callable[[int], None]) -> None:
        while self.tally.stop_reason is None and (request := next(queue, None)):
            await self._fetch_one(client, request)
            advance(1)

    async def _fetch_one(self, client: PoliteClient, request: Request) -> None:
        entry = request.entry
        partial = Partial(self.state.hidden_folder / "partial" / entry.name)
        try:
            answer = await client.fetch(
                entry.url,
                partial,
                known=request.known,
                max_bytes=self.options.max_file_bytes,
                seconds=self.options.file_seconds,
                check=check_zip,
            )
        except DownloadError as error:
            self._note_failure(entry.path, str(error))
        except ServiceUnavailableError as error:
            self._note_failure(entry.path, str(error))
            self.tally.stop_reason = str(error)
        else:
            self._keep(request, partial, answer)

    def _keep(self, request: Request, partial: Partial, answer: Answer) -> None:
        entry, tally = request.entry, self.tally
        tally.failed_in_a_row = 0
        if answer.kind is AnswerKind.GONE:
            tally.gone.append(entry.path)
            tally.gone_in_a_row += 1
            if tally.gone_in_a_row >= _GIVE_UP_AFTER_GONE:
                tally.stop_reason = f"{_GIVE_UP_AFTER_GONE} files in a row are listed, but not there"
            return
        tally.gone_in_a_row = 0
        old = self.state.records.get(entry.name)
        target = self.state.folder / entry.path
        if answer.kind is AnswerKind.COMPLETE:
            size = partial.move_to(target)
            tally.downloaded += 1
            tally.bytes_downloaded += size
        else:
            assert old is not None, "only what is there is asked for with a condition"
            size = old.size_bytes
            tally.not_modified += 1
        if old is not None and old.path != entry.path:
            self._move(old, target, is_new=answer.kind is AnswerKind.COMPLETE)
        self.state.put(entry.name, _record(entry.path, size, entry.modified, answer.validators))

    def _move(self, old: Record, target: Path, *, is_new: bool) -> None:
        """The table of contents now lists the file under another court: follow it."""
        if is_new:
            (self.state.folder / old.path).unlink(missing_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            (self.state.folder / old.path).replace(target)

    def _note_failure(self, path: str, reason: str) -> None:
        tally = self.tally
        tally.failed.append((path, reason))
        tally.failed_in_a_row += 1
        logger.warning("%s failed: %s", path, reason)
        if tally.failed_in_a_row >= self.options.give_up_after:
            tally.stop_reason = f"{tally.failed_in_a_row} files in a row failed, the last one: {reason}"

    def _prune(self, missing: dict[str, Record], num_listed: int) -> int:
        """Remove files that are listed no more; returns how many."""
        if not self.options.prune or self.options.dry_run or not missing:
            return 0
        if len(missing) > _PRUNED_SHARE * (num_listed + len(missing)):
            logger.warning(
                "nothing pruned: %d of %d files are listed no more, which looks like a fault of the table of contents",
                len(missing),
                num_listed + len(missing),
            )
            return 0
        for name, record in missing.items():
            (self.state.folder / record.path).unlink(missing_ok=True)
            self.state.remove(name)
        return len(missing)

    def _counts(self, contents: Contents, plan: Plan) -> dict[str, Any]:
        tally = self.tally
        done = tally.downloaded + tally.not_modified + len(tally.gone) + len(tally.failed)
        waiting = len(plan.requests) - done
        counts: dict[str, Any] = {
            "source": self.source.name,
            "folder": str(self.state.folder),
            "items": contents.num_items,
            "downloaded": tally.downloaded,
            "unchanged": plan.unchanged + tally.not_modified,
            "filtered": plan.filtered,
            "postponed": plan.postponed + waiting,
            "gone": len(tally.gone),
            "failed": len(tally.failed),
            "refused": len(contents.refused),
            "bytes_downloaded": tally.bytes_downloaded,
            "gone_files": tally.gone[:_LISTED],
            "failures": [{"file": path, "reason": reason} for path, reason in tally.failed[:_LISTED]],
            "refusals": [{"link": link, "reason": reason} for link, reason in contents.refused[:_LISTED]],
            "stop_reason": tally.stop_reason,
        }
        if self.options.dry_run:
            counts["estimate"] = self._estimate(plan)
        fates = ("downloaded", "unchanged", "filtered", "postponed", "gone", "failed", "refused")
        assert counts["items"] == sum(counts[name] for name in fates)
        return counts

    def _estimate(self, plan: Plan) -> dict[str, float]:
        """What a run would take: files new and files to ask about, bytes by the sizes known so far, seconds."""
        sizes = [record.size_bytes for name, record in self.state.records.items() if name != TOC_NAME]
        mean_bytes = sum(sizes) / len(sizes) if sizes else self.source.typical_bytes
        new = sum(1 for request in plan.requests if request.known == UNKNOWN)
        return {
            "files": len(plan.requests),
            "new_files": new,
            "bytes": round(new * mean_bytes),
            "seconds": round(len(plan.requests) / self.options.requests_per_second, 1),
        }

    def _judge(self, summary: dict[str, Any]) -> None:
        """End with an error where the service, not a single file, is at fault."""
        tally = self.tally
        asked = tally.downloaded + tally.not_modified + len(tally.gone) + len(tally.failed)
        if tally.stop_reason:
            raise ServiceUnavailableError(
                f"stopped: {tally.stop_reason}; {summary['downloaded']} files fetched, {summary['postponed']} left: "
                "run the command again later, it goes on where it was"
            )
        if len(tally.failed) > self.options.max_failed_share * asked:
            path, reason = tally.failed[0]
            raise ServiceUnavailableError(
                f"{len(tally.failed)} of {asked} files failed (limit {self.options.max_failed_share:.0%}), {path}: "
                f"{reason}; run the command again to try them once more"
            )


def _check_contents(path: Path, source: Source, toc_url: str) -> None:
    try:
        read_contents(path, source, toc_url)
    except DataError as error:
        raise UnusableFileError(str(error)) from None


def _record(path: str, size_bytes: int, modified: str | None, validators: Validators) -> Record:
    return Record(path, size_bytes, modified, validators.etag, validators.last_modified)


def _first(group: ExceptionGroup[Exception]) -> Exception:
    error = group.exceptions[0]
    return _first(error) if isinstance(error, ExceptionGroup) else error
