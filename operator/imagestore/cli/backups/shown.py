"""What ``imagestore backup`` prints. Keys are shown to the person at the terminal only."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from imagestore.repository.checking.drill import DrillReport
from imagestore.repository.checking.verify import DamagedRow, VerifyReport
from imagestore.repository.format.names import backup_file
from imagestore.repository.format.roots import BackupRoot
from imagestore.repository.history.choosing import ChosenSource
from imagestore.repository.removing.options import FileTally, PruneReport
from imagestore.repository.restoring.options import RestoreReport
from imagestore.repository.restoring.planning import PlannedPass
from imagestore.repository.store.view import Backups


def printable(key: str) -> str:
    """A key for a terminal: bytes that are not UTF-8 as \\xff."""
    return key.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def print_json(content: Any) -> None:
    """One JSON document."""
    sys.stdout.write(json.dumps(content, indent=2, default=str) + "\n")


def print_lines(lines: Iterable[str]) -> None:
    """Lines of text."""
    sys.stdout.writelines(f"{line}\n" for line in lines)


def when(milliseconds: int | None) -> str:
    """A time in UTC, or a dash."""
    if milliseconds is None:
        return "-"
    return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"


def size_text(number: float) -> str:
    """Bytes with a unit."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if number < 1024:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1024
    return f"{number:.1f} TiB"


def root_content(root: BackupRoot) -> dict[str, Any]:
    """A backup for JSON."""
    return {
        "name": root.name,
        "state": root.state,
        "source": str(root.source),
        "started": when(root.started),
        "finished": when(root.finished),
        "scheduled": None if root.scheduled is None else when(root.scheduled),
        "base": root.base or None,
        "counts": asdict(root.counts),
    }


def backups_text(found: Backups) -> Iterable[str]:
    """A line for each backup."""
    for root in found.roots:
        c = root.counts
        told = (
            f"{root.name}  {when(root.started)}  {root.state:<15}  {c.objects} objects  {size_text(c.bytes)}"
        )
        yield f"{told}  +{size_text(c.stored_bytes)}"
    yield from (f"does not count: {why}" for why in found.rejected.values())


def root_text(root: BackupRoot) -> Iterable[str]:
    """A backup in full."""
    for name, value in root_content(root).items():
        if name != "counts":
            yield f"{name:<14} {value if value is not None else '-'}"
    for name, count in asdict(root.counts).items():
        yield f"{name:<14} {size_text(count) if 'bytes' in name else count}"


def problem_line(problem: Mapping[str, Any]) -> str:
    """A line of a backup's report."""
    return f"{printable(problem['key'])}: {problem['problem']} {problem['why']}".rstrip()


def damage_line(found: DamagedRow) -> str:
    """A damaged row."""
    key = printable(found.row.key) if found.row is not None else f"{found.lost_rows} objects"
    return f"{key}: {found.why} (needed by {', '.join(found.backups)})"


def verify_text(report: VerifyReport) -> str:
    """The result in one sentence."""
    read = (
        f", {report.read} read and hashed ({size_text(report.bytes_read)}, part {report.share})"
        if report.read
        else ""
    )
    verdict = "no damage was found" if report.whole else f"{report.damaged} rows are DAMAGED"
    if not report.backups:
        verdict = "there is no backup to verify"
    kept = f"; the repository does not remember it: {report.unrecorded}" if report.unrecorded else ""
    return f"{report.level}: {report.rows} rows of {report.backups} backups{read}: {verdict}{kept}"


def restore_text(report: RestoreReport) -> Iterable[str]:
    """The result of a restore."""
    c = report.counts
    rate = c.bytes / report.seconds if report.seconds else 0.0
    yield (
        f"{report.state}: {c.restored} objects restored ({size_text(c.bytes)}, {size_text(rate)}/s),"
        f" {c.equal} were equal, {c.kept} were kept, {c.failed} failed"
    )
    if report.why:
        yield report.why
    if c.stale:
        yield f"{c.stale} objects have the content of an earlier backup, because the source could not be read"
    if c.verified or c.mismatched:
        yield f"{c.verified} of them were read back and hashed, {c.mismatched} had other bytes"
    if c.lost:
        yield f"{c.lost} objects lost an attribute that the destination does not take, such as their lock"


def rewind_plan(chosen: ChosenSource, plan: Sequence[PlannedPass]) -> Iterable[str]:
    """What a restore from versions would do."""
    yield chosen.why
    if chosen.survey is not None:
        s = chosen.survey
        yield f"{s.present} objects ({size_text(s.bytes)}) were there, {s.absent} keys were not, of {s.unknown} it is not known"
    for one in plan:
        yield f"{one.first or 'all others'}: {one.objects} objects ({size_text(one.bytes)}), of which the destination has {one.present}"


def drill_text(report: DrillReport) -> Iterable[str]:
    """The result of a drill."""
    yield str(report)
    yield f"the sample took {report.seconds:.1f} s; a whole restore at this rate takes {report.estimate:.0f} s"
    if report.undecodable:
        yield f"{report.undecodable} images do not decode, though their bytes are those that were backed up"
    if report.intact:
        yield f"{report.intact} objects were not taken or not given back by the scratch store, and the backup has them whole"
    if report.left:
        yield f"{report.left} objects of the drill could not be deleted"


def prune_text(report: PruneReport, *, dry_run: bool) -> Iterable[str]:
    """What a removal did, or would do, with the reason of each backup."""
    for decision in report.retention.decisions:
        told = "stays: " + ", ".join(decision.reasons) if decision.stays else "is forgotten"
        if backup_file(decision.backup.name) in report.refused:
            told = "stays, though no rule keeps it"
        yield f"{decision.backup.name}  {told}"
    if report.retention.held:
        token = report.retention.token
        approval = f"; to let exactly this go: --approve {token}" if token else ""
        yield f"held, nothing is forgotten: {report.retention.held}{approval}"
    if report.held:
        yield f"held, nothing is deleted: {report.held}"
    would = "would be " if dry_run else ""
    yield f"needed: {_tally(report.needed)}"
    yield f"{would}deleted: {_tally(report.deleted)}"
    yield f"{would}condemned, deleted after the grace time: {_tally(report.condemned)}"
    yield f"waiting for the end of the grace time: {_tally(report.waiting)}"
    yield f"{would}repacked: {report.repacked} packs"
    yield from _rare(report)


def _tally(tally: FileTally) -> str:
    return f"{tally.files} files, {size_text(tally.bytes)}"


def _rare(report: PruneReport) -> Iterable[str]:
    yield from (f"{name}: {why}" for name, why in sorted(report.retained.items()))
    yield from (
        f"{name}: the store refuses to delete it: {why}" for name, why in sorted(report.refused.items())
    )
    yield from (f"does not count: {why}" for why in report.rejected.values())
    yield from (f"pack {pack} is damaged; run imagestore backup verify" for pack in report.damaged_packs)
    yield from (f"run {run} was silent for the grace time and is dead" for run in report.dead_runs)
