"""The commands that stay: the console, the demo, the sandbox."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any

from acconsole.errors import Failed, UsageError

if TYPE_CHECKING:
    from acconsole.engine.sync import Engine
    from acconsole.settings import Settings

Stage = Callable[[str], None]
Connect = Callable[["Settings"], AbstractAsyncContextManager["Engine"]]


def console() -> None:
    """The console on the configured profile."""
    from acconsole import settings
    from acconsole.console.app import ConsoleApp
    from acconsole.console.graphics import settle
    from acconsole.console.session import Label

    chosen = settings.load(os.environ)
    _ = chosen.mongo  # a missing setting is told before the screen is taken over

    @asynccontextmanager
    async def connected(stage: Stage) -> AsyncIterator[tuple[Settings, Engine]]:
        stage("MongoDB and the PDS")
        connect = await _connecting()
        async with connect(chosen) as engine:
            yield chosen, engine

    label = Label(chosen.profile, chosen.colour, chosen.read_only)
    ConsoleApp(label, connected, graphics=settle()).run()


def demo(users: int) -> None:
    """The console on a sandbox of its own, which ends with it."""
    _need_the_sandbox()
    from acconsole.console.app import ConsoleApp
    from acconsole.console.graphics import settle
    from acconsole.console.session import Label

    @asynccontextmanager
    async def connected(stage: Stage) -> AsyncIterator[tuple[Settings, Engine]]:
        stage(f"the sandbox with {users:,} people")
        async with _sandbox(users, stage) as environment:
            connect = await _connecting()
            chosen = (await _imported("acconsole.settings")).load(environment)
            async with connect(chosen) as engine:
                yield chosen, engine

    ConsoleApp(Label("sandbox", "green", False), connected, graphics=settle()).run()


def sandbox(users: int, rate_limits: bool) -> None:
    """The sandbox's servers in the foreground."""
    _need_the_sandbox()
    from acconsole.sandbox.foreground import run

    run(users, sys.stdout, rate_limits=rate_limits)


async def _imported(name: str) -> Any:
    # In a thread, for the first screen is painted before what stands behind it is there.
    return await asyncio.to_thread(importlib.import_module, name)


async def _connecting() -> Connect:
    connect: Connect = (await _imported("acconsole.stores.connect")).connect
    return connect


def _need_the_sandbox() -> None:
    from importlib.util import find_spec

    if missing := [name for name in ("secantus", "arroba", "uvicorn", "starlette") if not find_spec(name)]:
        raise UsageError(
            f"The sandbox needs {', '.join(missing)}, which is not installed.",
            "Install it with: pip install 'acconsole[sandbox]'.",
        )


@asynccontextmanager
async def _sandbox(users: int, stage: Stage) -> AsyncIterator[dict[str, str]]:
    """A sandbox in a process of its own, which ends with this one; gives the environment that it prints."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "acconsole.sandbox",
        "--users",
        str(users),
        "--until-stdin-closes",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,  # a Ctrl-C on the terminal is the console's affair
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    telling = asyncio.create_task(_pass_on(process.stderr, stage))
    try:
        environment = {}
        while (line := (await process.stdout.readline()).decode().rstrip("\n")) != "ready":
            if not line:
                raise Failed("The sandbox ended before it was ready.", "See what `acconsole sandbox` says.")
            name, _, value = line.partition("=")
            environment[name] = value
        yield environment
    finally:
        process.stdin.close()
        telling.cancel()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), 5)
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _pass_on(lines: asyncio.StreamReader, stage: Stage) -> None:
    """Tell what the sandbox says it is doing; read to the end, so that it never waits for a full pipe."""
    async for line in lines:
        stage(f"the sandbox: {line.decode(errors='replace').strip()}")
