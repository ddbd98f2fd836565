"""Pictures and sound as an MP4: H.264 and AAC, every picture for exactly its own time.

Time stamps are counted in 1/90000 s from the tape's beginning and rounded one by one, so that nothing
drifts. The encoder runs with a fixed number of threads: the same tape always gives the same bytes, and
so the same CID.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from pathlib import Path

import av
from av.video.frame import VideoFrame
from av.video.reformatter import ColorPrimaries, ColorRange, ColorTrc
from PIL import Image

from acconsole.media.sound import Sound

CLOCK = 90_000
"""Ticks of the video's clock in a second."""
LONGEST_SIDE = 1920
ENLARGED = 3
"""Pixel art is enlarged so many times, where that leaves no side longer than `LONGEST_SIDE`."""
THREADS = 3
"""The encoder's; large pictures get one, for each thread holds some of them."""
CRF = 23.4
"""Constant quality, near x264's 23: averaged colours are worth what it is coarser by, and more."""
CRF_WORST = 51
_BT601 = 6
"""The matrix by which the colours are converted, as H.264 numbers it (ITU-T H.273, table 4)."""
_LARGE = 1920 * 1080
_AHEAD = 22_000_000
"""Pixels that the encoder looks ahead, its 40 pictures at most: of large ones they would be a gigabyte."""


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture of the video, and when it begins, in ticks."""

    begins: int
    picture: Image.Image


@dataclass(frozen=True, slots=True)
class Scale:
    """How pictures become those of the video, `width` by `height`: `smooth` when they are made smaller."""

    width: int
    height: int
    smooth: bool = False

    @classmethod
    def of(cls, width: int, height: int) -> Scale:
        """The scale for pictures of this size. Where a side comes out odd, one column or row is lost."""
        longest = max(width, height)
        factor: float = max(1, min(ENLARGED, LONGEST_SIDE // longest))
        if longest > LONGEST_SIDE:
            factor = LONGEST_SIDE / longest
        # Of a single pixel that is not enlarged nothing even would be left.
        even = [max(2, round(side * factor) & ~1) for side in (width, height)]
        return cls(even[0], even[1], smooth=factor < 1)

    def frame(self, picture: Image.Image) -> VideoFrame:
        """A picture as the encoder takes it: enlarged without blurring, colours averaged over 2 by 2 pixels.

        The colours are converted before it is enlarged, a ninth of the work, and each plane enlarged alone.
        """
        if self.smooth:
            picture = picture.resize((self.width, self.height), Image.Resampling.LANCZOS)
        small = VideoFrame.from_image(picture).reformat(format="yuv444p")
        frame = VideoFrame(self.width, self.height, "yuv420p")
        for place, plane in enumerate(frame.planes):
            source = small.planes[place]
            band = Image.frombuffer("L", (source.line_size, picture.height), source, "raw", "L", 0, 1)
            wide = self._enlarged(band, picture.size, plane.line_size, plane.height, 2 if place else 1)
            plane.update(wide.tobytes())
        return frame

    def _enlarged(
        self, band: Image.Image, size: tuple[int, int], width: int, height: int, reduced: int
    ) -> Image.Image:
        """One plane, as wide as the encoder lays its lines out; what is beyond the picture is not seen."""
        wide = (width * reduced, height * reduced)
        box = (0.0, 0.0, wide[0] * size[0] / self.width, wide[1] * size[1] / self.height)
        band = band.crop((0, 0, *size)).crop((0, 0, ceil(box[2]), ceil(box[3])))
        band = band.resize(wide, Image.Resampling.NEAREST, box)
        return band.reduce(reduced) if reduced > 1 else band


def encode(
    shots: Iterable[Shot],
    ends: int,
    scale: Scale,
    sound: Sound | None,
    *,
    crf: float = CRF,
    told: Callable[[int], None] = lambda _: None,
) -> bytes:
    """An MP4 of the shots, the last of which is shown until `ends`; `told` hears how many are encoded.
    The index is before the data, so that it plays at once.
    """
    with tempfile.TemporaryDirectory(prefix="acconsole-tape-") as folder:
        # The index can only be moved to the front of a file that has a name.
        path = Path(folder) / "tape.mp4"
        with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as out:
            stream = _video_stream(out, scale, crf)
            if sound:
                sound.mux(out)
            _mux_video(out, stream, shots, ends, scale, told)
        return path.read_bytes()


def _video_stream(out: av.container.OutputContainer, scale: Scale, crf: float) -> av.VideoStream:
    pixels = scale.width * scale.height
    ahead = max(4, min(40, _AHEAD // pixels))
    options = {"crf": str(crf), "preset": "medium", "profile": "high", "rc-lookahead": str(ahead)}
    stream = out.add_stream("libx264", rate=60, options=options)
    stream.width, stream.height, stream.pix_fmt = scale.width, scale.height, "yuv420p"
    stream.time_base = Fraction(1, CLOCK)
    context = stream.codec_context
    context.time_base = stream.time_base
    context.thread_count = THREADS if pixels <= _LARGE else 1
    context.thread_type = "FRAME"
    # What the conversion gives, said so that no player has to guess.
    context.color_range = ColorRange.MPEG
    context.colorspace = _BT601
    context.color_primaries = ColorPrimaries.BT709
    context.color_trc = ColorTrc.IEC61966_2_1
    return stream


def _mux_video(
    out: av.container.OutputContainer,
    stream: av.VideoStream,
    shots: Iterable[Shot],
    ends: int,
    scale: Scale,
    told: Callable[[int], None],
) -> None:
    last: list[av.Packet[av.VideoStream]] = []
    begins = done = 0

    def mux(packets: Iterable[av.Packet[av.VideoStream]]) -> None:
        nonlocal done
        for packet in packets:
            out.mux(packet)
            done += 1
            told(done)

    for shot in shots:
        begins = shot.begins
        frame = scale.frame(shot.picture)
        frame.pts, frame.time_base = begins, stream.time_base
        mux(last)
        last = stream.encode(frame)
    last += stream.encode(None)
    # A picture is shown until the next one; when the last one ends is told by its own packet, and by the
    # packet that is written last, which is another where pictures are coded out of their order.
    for packet in last:
        if packet.pts == begins or packet is last[-1]:
            packet.duration = ends - begins
    mux(last)
