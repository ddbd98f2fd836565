"""Everybody's tapes as lines, and their conversions. Pure: what is known in, content out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from textual.content import Content

from acconsole.console import figures
from acconsole.console.bars import bar
from acconsole.console.inert import inert
from acconsole.console.items import title_of, when_of
from acconsole.console.shelf import Converting, Lot, Shelf
from acconsole.console.stages import stage_bar
from acconsole.console.verdicts import colour_of
from acconsole.console.widgets.line import cell
from acconsole.engine.match import Pair
from acconsole.engine.model import User, Verdict
from acconsole.media.base import iso, parse_when

if TYPE_CHECKING:
    from acconsole.engine.shelf import TapeFacts, TapeRow

MENDED = (Verdict.MISSING, Verdict.UNLINKED, Verdict.STALE)
"""The verdicts of tapes that a restore mends without prune."""
ACTIVE = 4
"""So many conversions are shown with a bar each."""
_VERDICT = 12


@dataclass(frozen=True, slots=True)
class Columns:
    """Widths in cells; 0 leaves a column out."""

    owner: int
    code: int
    date: int
    length: int
    frames: int
    zip: int
    video: int

    @classmethod
    @cache
    def fitting(cls, width: int) -> Columns:
        """The columns for a line of `width` cells, the gutter left out."""
        date = 11 if width >= 68 else 6 if width >= 58 else 0
        video = 9 if width >= 78 else 0
        code, length, frames, zipped = 7, 8, 7 if width >= 52 else 0, 9
        owner = width - 2 - _VERDICT - code - date - length - frames - zipped - video
        return cls(max(6, min(owner, 24)), code, date, length, frames, zipped, video)


def heading(width: int) -> Content:
    """The line above the list, `width` without the gutter."""
    columns = Columns.fitting(width)
    return Content.assemble(
        "    ",
        cell("verdict", _VERDICT, right=False),
        cell("owner", columns.owner, right=False),
        cell("code", columns.code, right=False),
        cell("date" if columns.date else "", columns.date, right=False),
        cell("length", columns.length),
        cell("frames" if columns.frames else "", columns.frames),
        cell("ZIP", columns.zip),
        cell("MP4" if columns.video else "", columns.video),
    )


def line(row: TapeRow, shelf: Shelf, width: int) -> Content:
    """One tape: its mark, its verdict, whose it is, what storage says of it or how far its conversion is."""
    columns, ref = Columns.fitting(width), row.doc.ref
    one = shelf.conversions.get(ref)
    known = columns.length + columns.frames + columns.zip + columns.video
    if one and not one.lot.is_over:
        told = Content.assemble("  ", stage_bar(one.stage, one.share, known - 2))
    else:
        told = _facts(shelf.facts.get(ref), one, columns)
    return Content.assemble(
        ("● " if ref in shelf.marked else "  ", "bold $pick"),
        _verdict(row.pair),
        cell(inert(row.user.name, columns.owner - 1), columns.owner, right=False),
        cell(inert(title(row), columns.code - 1), columns.code, "bold", right=False),
        cell(_date(row, columns.date), columns.date, "$faint", right=False),
        told,
    )


def title(row: TapeRow) -> str:
    """What a person knows the tape by."""
    code = row.doc.doc.get("code")
    if row.pair:
        return title_of(row.pair)
    return code if isinstance(code, str) and code else row.doc.ref[-6:]


def _verdict(pair: Pair | None) -> Content:
    if pair is None:
        return cell("? not read", _VERDICT, "$bad", right=False)
    text = f"{pair.verdict.sign} {pair.verdict.value}"
    return cell(text, _VERDICT, colour_of(pair.verdict), right=False)


def _date(row: TapeRow, width: int) -> str:
    when = parse_when(row.doc.doc.get("when"))
    date = when_of(row.pair) if row.pair else iso(when) if when else ""
    return date[:10] if width >= 11 else date[5:10] if width else ""


def _facts(facts: TapeFacts | None, one: Converting | None, columns: Columns) -> Content:
    video = figures.size(one.outcome.video_size) if one and one.outcome else ""
    made = cell(video, columns.video, "$good") if columns.video else Content()
    if one and one.lot is Lot.FAILED and columns.video:
        made = cell("failed", columns.video, "$bad")
    if facts is None:
        unknown = (
            cell(figures.UNKNOWN, each, "$faint") for each in (columns.length, columns.frames, columns.zip)
        )
        return Content.assemble(*unknown, made)
    return Content.assemble(
        cell(figures.NONE if facts.seconds is None else figures.short_span(facts.seconds), columns.length),
        cell(figures.number(facts.frames or 0) if columns.frames else "", columns.frames),
        _zip(facts, columns.zip),
        made,
    )


def _zip(facts: TapeFacts, width: int) -> Content:
    if facts.there is None:
        return cell("no answer", width, "$todo")
    if not facts.there:
        return cell("none", width, "$bad")
    # One that is there and whose frames cannot be counted is not a tape that can be used.
    broken = facts.frames is None
    return cell(figures.size(facts.size or 0), width, "$todo" if broken else "")


def tally(shelf: Shelf, width: int) -> Content:
    """How many tapes there are, how many are to be mended, how many are marked."""
    verdicts = Counter(row.pair.verdict for row in shelf.rows if row.pair)
    to_do = sum(verdicts[verdict] for verdict in MENDED)
    parts: list[tuple[str, str]] = [(f" {figures.plural(len(shelf.rows), 'tape')}", "bold")]
    if shelf.reading:
        parts = [(f" … reading everybody's tapes, {len(shelf.rows):,} so far", "$work")]
    parts += [("   to do ", "$mute"), (figures.number(to_do), "bold $todo" if to_do else "$mute")]
    if blocked := verdicts[Verdict.BLOCKED]:
        parts += [("   blocked ", "$mute"), (f"{blocked:,}", "$bad")]
    if shelf.marked:
        parts += [("   marked ", "$mute"), (f"{len(shelf.marked):,}", "bold $pick")]
    return Content.assemble(*parts).truncate(width, ellipsis=True)


def left_marked(owners: Iterable[User]) -> str:
    """What a plan of one owner's tapes says of the marked tapes of others, given each one's owner."""
    left = Counter(owner.id for owner in owners)
    if not left:
        return ""
    what, whose = figures.plural(left.total(), "tape"), figures.plural(len(left), "other owner")
    return f"A plan is of one owner: {what} of {whose} stay marked for the next."


def conversions(shelf: Shelf, width: int) -> Content:
    """The conversions: one bar for all, one for each that is on its way; what they came to in the end."""
    all_of_them = list(shelf.conversions.values())
    done, failed = len(list(shelf.of(Lot.DONE))), len(list(shelf.of(Lot.FAILED)))
    going = [each for each in shelf.going_on if each.lot is Lot.GOES]
    counts = f"{done + failed}/{len(all_of_them)}"
    cells = max(width - 14 - len(counts), 4)
    half_done = sum(each.share for each in going)
    shown = bar(
        cells, len(all_of_them), (done, "$work"), (failed, "$bad"), (half_done, "$work-back"), least=2
    )
    lines = [
        Content.assemble((" converting " if shelf.going_on else " converted  ", "bold"), shown, f" {counts} ")
    ]
    if not shelf.going_on:
        return Content("\n").join([*lines, _sum(shelf, width)])
    for each in going[:ACTIVE]:
        name = cell(inert(title(each.row), 9), 11, right=False)
        lines.append(Content.assemble(" ", name, stage_bar(each.stage, each.share, width - 13)))
    return Content("\n").join(lines)


def _sum(shelf: Shelf, width: int) -> Content:
    """What all conversions came to."""
    made = [each for each in shelf.of(Lot.DONE) if each.outcome]
    zips = sum(each.zip_size for each in made)
    videos = sum(each.outcome.video_size for each in made if each.outcome)
    parts: list[tuple[str, str]] = []
    if made:
        front = f" ZIP {figures.size(zips)} →" if zips else ""
        parts.append((f"{front} MP4 {figures.size(videos)}", "$good"))
    if failed := len(list(shelf.of(Lot.FAILED))):
        parts.append((f"   {failed:,} failed", "$bad"))
    if stopped := len(list(shelf.of(Lot.STOPPED))):
        parts.append((f"   {stopped:,} stopped", "$todo"))
    return Content.assemble(*parts, ("   nothing was published", "$mute")).truncate(width, ellipsis=True)


def outcome(one: Converting, width: int) -> list[Content]:
    """What a conversion came to, as lines for the preview."""
    if one.lot is Lot.FAILED:
        return [inert(f"The conversion failed: {one.error}", None, "$bad")]
    if one.outcome is None:
        return [stage_bar(one.stage, one.share, min(width, 60))]
    made = one.outcome
    sizes = f"ZIP {figures.size(one.zip_size)} → " if one.zip_size else ""
    share = f" ({100 * made.video_size // one.zip_size} %)" if one.zip_size else ""
    lines = [
        Content.assemble((f"{sizes}MP4 {figures.size(made.video_size)}{share}", "bold $good")),
        Content.styled(
            f"{figures.plural(made.frames, 'frame')}, {figures.plural(made.pictures, 'picture')}, "
            f"{figures.short_span(made.seconds)}{', with sound' if made.sound else ''}",
            "$mute",
        ),
    ]
    notes = (*(["encoded again, coarser, to fit the PDS"] if made.fitted else []), *made.notes)
    return lines + [inert(note, None, "$todo") for note in notes]
