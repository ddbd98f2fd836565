"""The `Vault` port: backups below the state dir of this machine.

A file gets its name only once it was read back, so that what is there is whole, whenever this process dies.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from pathlib import Path

from acconsole.errors import BackupError

_UNPROVEN = ".part"


class DiskVault:
    """Backups below `root`. A file may be sent in pieces: `write` each of them, then `check` the whole."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def names(self, folder: Path) -> frozenset[str]:
        return await asyncio.to_thread(self._names, folder)

    def _names(self, folder: Path) -> frozenset[str]:
        try:
            return frozenset(each.name for each in self._place(folder).iterdir())
        except FileNotFoundError:
            return frozenset()
        except OSError as error:
            raise self._trouble(folder, error) from None

    async def put(self, folder: Path, files: Mapping[str, bytes]) -> str:
        return await asyncio.to_thread(self._put, folder, files)

    def _put(self, folder: Path, files: Mapping[str, bytes]) -> str:
        for name, data in files.items():
            self._write(folder, name, 0, data)
        return self._check(folder, {name: digest(data) for name, data in files.items()})

    async def write(self, folder: Path, name: str, start: int, data: bytes) -> None:
        """Write a piece of a file; the first, at 0, begins it anew. Raises `BackupError`."""
        await asyncio.to_thread(self._write, folder, name, start, data)

    def _write(self, folder: Path, name: str, start: int, data: bytes) -> None:
        file = self._place(folder, name + _UNPROVEN)
        try:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._place(folder).chmod(0o700)
            file.touch(mode=0o600)
            with file.open("r+b") as out:
                out.truncate(start)
                out.seek(start)
                out.write(data)
        except OSError as error:
            raise self._trouble(folder, error) from None

    async def check(self, folder: Path, digests: Mapping[str, str]) -> str:
        """Prove from the disk alone that files are whole, by their digests; gives where the folder is.

        Raises `BackupError`.
        """
        return await asyncio.to_thread(self._check, folder, digests)

    def _check(self, folder: Path, digests: Mapping[str, str]) -> str:
        for name, wanted in digests.items():
            file = self._place(folder, name + _UNPROVEN)
            try:
                if digest(file.read_bytes()) != wanted:
                    raise BackupError(
                        f"The backup in {self._root / folder} does not read back as it was written.",
                        "Nothing was deleted.",
                    )
                file.replace(self._place(folder, name))
            except OSError as error:
                raise self._trouble(folder, error) from None
        return str(self._root / folder)

    def _place(self, folder: Path, name: str = "") -> Path:
        if folder.is_absolute() or ".." in (*folder.parts, *Path(name).parts) or Path(name).is_absolute():
            raise BackupError("A backup is to be put where none belongs.", "Nothing was deleted.")
        return self._root / folder / name

    def _trouble(self, folder: Path, error: OSError) -> BackupError:
        return BackupError(
            f"The backup in {self._root / folder} cannot be written: {error.strerror}.",
            "Nothing was deleted. Make room, or set ACCONSOLE_STATE_DIR.",
        )


def digest(data: bytes) -> str:
    """What tells bytes from all others: their SHA-256."""
    return hashlib.sha256(data).hexdigest()
