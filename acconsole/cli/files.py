"""Files that commands write: whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from acconsole.errors import Failed


def write_all(files: Mapping[Path, bytes], *, mode: int = 0o666) -> None:
    """Write all or none: each under another name first. `mode` as for `open(2)`. Raises `Failed`."""
    parts = {place: place.with_name(f".{place.name}.{os.getpid()}.part") for place in files}
    try:
        for place, data in files.items():
            with os.fdopen(os.open(parts[place], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as out:
                out.write(data)
        for place, part in parts.items():
            part.replace(place)
    except OSError as error:
        raise Failed(f"{error.filename} cannot be written: {error.strerror}.") from None
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)
