"""A tape's soundtrack: a WAV as AAC, from the video's first moment on, neither cut nor padded."""

from __future__ import annotations

import io
from collections.abc import Iterator

import av
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

from acconsole.media.conversion import NoTape

BIT_RATE = 128_000
RATES = (44_100, 48_000)
"""Samples a second that are kept; any other becomes the higher one, at which AAC has room for the bits."""


class Sound:
    """A soundtrack that can be decoded to its end. Raises `NoTape` for bytes that cannot."""

    def __init__(self, wav: bytes, max_seconds: float) -> None:
        self._wav = wav
        rate = samples = 0
        for frame in self._decoded():
            rate, samples = frame.sample_rate, samples + frame.samples
            if samples > max_seconds * rate:
                raise NoTape(f"the soundtrack is longer than {max_seconds:.0f} s")
        if not samples:
            raise NoTape("the soundtrack is empty")
        self.seconds = samples / rate
        self._rate = rate if rate in RATES else RATES[-1]

    def mux(self, out: av.container.OutputContainer) -> None:
        """Write all of it into an MP4."""
        stream = out.add_stream("aac", rate=self._rate)
        layout = "stereo" if next(self._decoded()).layout.nb_channels > 1 else "mono"
        stream.codec_context.layout = layout
        stream.bit_rate = BIT_RATE
        resampler = AudioResampler("fltp", layout, self._rate, stream.codec_context.frame_size or 1024)
        at = 0
        for decoded in (*self._decoded(), None):
            if decoded:
                decoded.pts = None  # counted anew, from 0
            for frame in resampler.resample(decoded):
                # Without a time the encoder's run-in would not be told from the sound, and delay it.
                frame.pts, at = at, at + frame.samples
                out.mux(stream.encode(frame))
        out.mux(stream.encode(None))

    def _decoded(self) -> Iterator[AudioFrame]:
        try:
            with av.open(io.BytesIO(self._wav), "r", format="wav") as wav:
                yield from wav.decode(audio=0)
        # A broken WAV can make the demuxer and the decoder raise nearly anything, IndexError among it.
        except (av.FFmpegError, ValueError, IndexError, MemoryError):
            raise NoTape("the soundtrack is no WAV") from None
