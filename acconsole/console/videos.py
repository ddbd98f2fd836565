"""How far a run's tapes are, folded from its events. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from acconsole.console import figures
from acconsole.console.stages import share
from acconsole.engine import events
from acconsole.engine.events import Event
from acconsole.engine.plan import Plan
from acconsole.media.base import MediaType


@dataclass(slots=True)
class OnTheWay:
    """One tape: its stage, its share of the way from 0 to 1, which never goes back, and blobs to come."""

    stage: str
    share: float
    blobs: int


@dataclass(slots=True)
class Videos:
    """The tapes of one run that are on their way, by ref, and how many videos are made."""

    plan: Plan
    made: int = 0
    on_the_way: dict[str, OnTheWay] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)
    _blobs: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for op in self.plan.operations:
            if op.kind is MediaType.TAPES and op.ref:
                code = (op.record or {}).get("code")
                self._names[op.ref] = code if isinstance(code, str) else op.ref[-6:]
                self._blobs[op.ref] = len(op.blobs)

    def name(self, ref: str) -> str:
        """What a person knows a tape by."""
        return self._names.get(ref, ref[-6:])

    def take(self, event: Event) -> None:
        """Fold one event in."""
        match event:
            case events.TapeMoved(ref=ref, stage=stage, done=done, total=total):
                tape = self.on_the_way.setdefault(ref, OnTheWay(stage, 0.0, self._blobs.get(ref, 1)))
                tape.stage, tape.share = stage, max(tape.share, share(stage, done, total))
            case events.TapeMade():
                self.made += 1
            case events.BlobStored(ref=ref) if ref in self.on_the_way:
                self.on_the_way[ref].blobs -= 1
                if self.on_the_way[ref].blobs <= 0:
                    del self.on_the_way[ref]
            case events.ItemFailed(failure=failure) if failure.ref:
                self.on_the_way.pop(failure.ref, None)
            case events.ItemBlocked(item=item):
                self.on_the_way.pop(item.ref, None)
            case events.Committed(kind=MediaType.TAPES) | events.Finished():
                self.on_the_way.clear()
            case _:
                pass


def told(name: str, made: events.TapeMade) -> Iterator[tuple[str, str]]:
    """What the log says of a video that was made: texts and the names of their colours."""
    parts = [name]
    if made.frames:
        parts += [figures.plural(made.frames, "frame"), figures.short_span(made.seconds)]
    video = f"MP4 {figures.size(made.video_size)}"
    parts.append(f"ZIP {figures.size(made.zip_size)} → {video}" if made.zip_size else video)
    yield "  ".join(parts), ""
    if made.fitted:
        yield f"{name}: encoded again, coarser, to fit the PDS", "$todo"
    for note in made.notes:
        yield f"{name}: {note}", "$todo"
