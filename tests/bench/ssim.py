"""How like a video is to the frames that it was made from: the structural similarity of each, on average.

Wang, Bovik, Sheikh, Simoncelli, "Image quality assessment", 2004, on blocks of 8 by 8 pixels every 4, of
red, green and blue. Each frame, enlarged, is compared with what the video shows in the middle of its time.
"""

from __future__ import annotations

import io
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from acconsole.media.tapezip import open_tape

EVERY = 5
"""One frame in so many is compared."""
BLOCK, STEP = 8, 4
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2

Plane = NDArray[np.float64]


def likeness(tape: bytes, video: bytes) -> float:
    """The mean over the tape's frames: 1 for a video that shows exactly them."""
    opened = open_tape(tape)
    values, at = [], 0.0
    with av.open(io.BytesIO(video), "r") as container:
        shown = container.decode(video=0)
        now, after = next(shown), next(shown, None)
        for place, frame in enumerate(opened.frames):
            middle = (at + frame.duration / 2) / 1000
            at += frame.duration
            while after is not None and after.time <= middle:
                now, after = after, next(shown, None)
            if place % EVERY == 0:
                values.append(_alike(opened.picture(place), now))
    return float(np.mean(values))


def _alike(picture: Image.Image, frame: Any) -> float:
    drawn = np.asarray(picture.resize((frame.width, frame.height), Image.Resampling.NEAREST))
    seen = frame.to_ndarray(format="rgb24")
    return float(np.mean([_ssim(drawn[:, :, band], seen[:, :, band]) for band in range(3)]))


def _ssim(a: Any, b: Any) -> float:
    x, y = a.astype(np.float64), b.astype(np.float64)
    mean_x, mean_y = _means(x), _means(y)
    var_x, var_y = _means(x * x) - mean_x**2, _means(y * y) - mean_y**2
    covariance = _means(x * y) - mean_x * mean_y
    above = (2 * mean_x * mean_y + C1) * (2 * covariance + C2)
    return float((above / ((mean_x**2 + mean_y**2 + C1) * (var_x + var_y + C2))).mean())


def _means(plane: Plane) -> Plane:
    """The mean of each block."""
    sums = np.pad(plane.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    whole = sums[BLOCK:, BLOCK:] - sums[:-BLOCK, BLOCK:] - sums[BLOCK:, :-BLOCK] + sums[:-BLOCK, :-BLOCK]
    blocks: Plane = whole[::STEP, ::STEP] / BLOCK**2
    return blocks
