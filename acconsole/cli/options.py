"""The options that several commands share."""

from __future__ import annotations

import functools
import logging
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

from acconsole.media.base import MediaType

F = TypeVar("F", bound=Callable[..., Any])


def _verbose(context: click.Context, option: click.Parameter, chosen: bool) -> None:
    if chosen:
        # httpx tells method, address and answer of each request at this level, and no header.
        logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(name)s %(message)s")


def output(command: F) -> F:
    """`--json`, `--quiet`, `--verbose`."""
    for option in (
        click.option(
            "--verbose",
            is_flag=True,
            expose_value=False,
            callback=_verbose,
            help="Tell each request on stderr.",
        ),
        click.option("--quiet", is_flag=True, help="Say nothing on stderr but errors."),
        click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout, nothing else."),
    ):
        command = option(command)
    return command


def filters(*, codes: bool) -> Callable[[F], F]:
    """`--types` and the short forms, given to the command as `kinds`; `--code` as `codes`."""

    def decorate(command: F) -> F:
        @functools.wraps(command)
        def chosen(*args: Any, types: str | None, **kwargs: Any) -> Any:
            only = [kind for kind in MediaType if kwargs.pop(f"{kind.value}_only")]
            return command(*args, kinds=_kinds(types, only), **kwargs)

        one = click.option(
            "--code", "codes", multiple=True, metavar="CODE", help="Only this doc. Repeatable."
        )
        decorated: Any = one(chosen) if codes else chosen
        for kind in reversed(MediaType):
            short = click.option(f"--{kind.value}-only", is_flag=True, help=f"Only {kind.value}.")
            decorated = short(decorated)
        listed = "Only these media types, e.g. paintings,moods."
        result: F = click.option("--types", metavar="LIST", help=listed)(decorated)
        return result

    return decorate


def _kinds(types: str | None, only: list[MediaType]) -> tuple[MediaType, ...]:
    """The media types that were chosen, in their own order; all when none was named."""
    named = [] if types is None else [name.strip() for name in types.split(",")]
    known = {kind.value for kind in MediaType}
    for name in named:
        if name not in known:
            raise click.BadParameter(
                f"{name!r} is not a media type. They are {', '.join(MediaType)}.", param_hint="--types"
            )
    chosen = set(named) | {kind.value for kind in only}
    return tuple(kind for kind in MediaType if not chosen or kind.value in chosen)


def waiting(command: F) -> F:
    """`--wait`, for commands that only read."""
    return click.option("--wait", is_flag=True, help="Wait for a spent rate limit even without a terminal.")(
        command
    )


def running(command: F) -> F:
    """What every command that may write takes: `--live`, `--yes`, `--max-deletes`, `--wait`."""
    for option in (
        click.option("--wait", is_flag=True, help="Wait for a spent rate limit even without a terminal."),
        click.option(
            "--max-deletes", type=click.IntRange(min=0), metavar="N", help="Refuse to delete more records."
        ),
        click.option("--yes", is_flag=True, help="Skip the question that --live asks on a terminal."),
        click.option("--live", is_flag=True, help="Write. Without it, show what would be done."),
    ):
        command = option(command)
    return command
