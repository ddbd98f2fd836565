"""The commands, and what an error looks like."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, NoReturn

import click

from acconsole import __version__
from acconsole.cli import options
from acconsole.errors import AcError, BudgetSpent, Exit, UsageError
from acconsole.media.base import MediaType

ACCOUNT_STATES = ("ok", "none", "inactive")
PLACE = click.Path(path_type=Path)


@click.group(
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="acconsole")
@click.pass_context
def cli(context: click.Context) -> None:
    """Keep aesthetic.computer's media and the AT Protocol repos of its people the same.

    Without a command it opens the console. Nothing is ever written without --live or a confirmation.
    """
    if context.invoked_subcommand is None:
        from acconsole.cli import front

        front.console()


@cli.command()
@click.option("--users", type=click.IntRange(min=1), default=200, show_default=True, help="How many people.")
def demo(users: int) -> None:
    """Open the console on an embedded sandbox: no settings, no network."""
    from acconsole.cli import front

    front.demo(users)


@cli.command()
@click.option("--users", type=click.IntRange(min=1), default=200, show_default=True, help="How many people.")
@click.option("--rate-limits", is_flag=True, help="With the real PDS's rate limits.")
def sandbox(users: int, rate_limits: bool) -> None:
    """Run only the sandbox servers, and print the environment that points other commands at them.

    \b
    Example:
      acconsole sandbox > sandbox.env &
      env $(grep = sandbox.env) acconsole status jeffrey
    """
    from acconsole.cli import front

    front.sandbox(users, rate_limits)


@cli.command()
@click.argument("query", default="")
@click.option("--filter", "account", type=click.Choice(ACCOUNT_STATES), help="Only accounts in this state.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most so many.")
@options.output
def users(query: str, account: str | None, limit: int | None, as_json: bool, quiet: bool) -> None:
    """Search users by handle, PDS handle, DID, code or id.

    \b
    Example:
      acconsole users jef --filter ok
    """
    from acconsole.cli import reading

    _run(reading.users(query, account, limit, as_json))


@cli.command()
@click.argument("handles", nargs=-1, metavar="HANDLE…")
@click.option("--all", "everybody", is_flag=True, help="Every user and the guest account.")
@options.waiting
@options.filters(codes=False)
@options.output
def status(
    handles: tuple[str, ...],
    everybody: bool,
    wait: bool,
    kinds: tuple[MediaType, ...],
    as_json: bool,
    quiet: bool,
) -> None:
    """Show what is in sync and what is not, per media type. Exit status 1 when something is not.

    \b
    Example:
      acconsole status @jeffrey --types paintings,tapes
    """
    from acconsole.cli import reading

    if everybody == bool(handles):
        raise click.UsageError("Name users, or say --all.")
    _run(reading.status(handles, everybody, kinds, as_json, quiet, wait))


@cli.command()
@click.argument("handles", nargs=-1, metavar="HANDLE…")
@click.option("--all", "everybody", is_flag=True, help="Every user and the guest account.")
@click.option("--blobs", is_flag=True, help="Fetch every blob and recompute its CID.")
@click.option("--combined", metavar="FILE", help="Write a line per item: = + - * or !, user, type, id, rkey.")
@options.waiting
@options.filters(codes=True)
@options.output
def verify(handles: tuple[str, ...], everybody: bool, combined: str | None, **chosen: Any) -> None:
    """Compare every field of every record with what its doc gives now. Exit status 1 for differences.

    Every repo is read anew from the PDS: what `status --all` keeps on this machine is not used.

    \b
    The signs of --combined: = agree, + only in Mongo, - only on the PDS, * differ, ! could not be checked.
    Example:
      acconsole verify @jeffrey --blobs --combined jeffrey.txt
    """
    from acconsole.cli import verify as verifying

    if everybody == bool(handles):
        raise click.UsageError("Name users, or say --all.")
    file = Path(combined) if combined else None
    _run(verifying.verify(handles, verifying.Options(everybody=everybody, combined=file, **chosen)))


@cli.command()
@click.argument("handle")
@click.option("--prune", is_flag=True, help="Delete records of deleted and unknown docs too.")
@click.option("--retry-blocked", is_flag=True, help="Look again for what was found nowhere before.")
@click.option("--out", type=PLACE, metavar="PLAN", help="Save the plan in a file, for `apply`.")
@options.filters(codes=True)
@options.running
@options.output
def restore(handle: str, out: Path | None, **chosen: Any) -> None:
    """Bring a user's repo to what Mongo says. Shows the plan; --live runs it.

    \b
    Example:
      acconsole restore @jeffrey --kidlisp-only --live
    """
    from acconsole.cli import plans, running

    said = running.Options(**chosen)
    _run(plans.save(handle, out, said) if out else running.restore(handle, said))


@cli.command()
@click.argument("plan", type=PLACE)
@options.running
@options.output
def apply(plan: Path, **chosen: Any) -> None:
    """Run exactly a saved plan. Refused when one of its docs or records has changed since.

    \b
    Example:
      acconsole restore @jeffrey --out plan.json
      acconsole apply plan.json --live
    """
    from acconsole.cli import plans, running

    _run(plans.apply(plan, running.Options(kinds=tuple(MediaType), codes=(), **chosen)))


@cli.command()
@click.argument("handle")
@click.option("--confirm", metavar="HANDLE", help="The same handle once more: a live wipe wants it.")
@options.filters(codes=True)
@options.running
@options.output
def wipe(handle: str, **chosen: Any) -> None:
    """Delete a user's records and clear the rkeys that Mongo stores, after a backup.

    \b
    Example:
      acconsole wipe art --tapes-only --live --confirm art
    """
    from acconsole.cli import running

    _run(running.wipe(handle, running.Options(**chosen)))


@cli.command()
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the first N users: a canary.")
@click.option(
    "--users-from",
    type=click.Path(path_type=Path, allow_dash=True),
    metavar="FILE",
    help="Only these users: a handle, DID, code or id a line; - for stdin.",
)
@click.option("--query", metavar="QUERY", help="Only users whom this finds, as in `users`.")
@click.option(
    "--concurrency", type=click.IntRange(1, 200), metavar="N", help="Users at once, at most.  [default: 50]"
)
@click.option("--resume", metavar="RUN", help="Go on from this rollout: the same users and media types.")
@click.option("--dask", metavar="SCHEDULER", help="Give the users to the workers of a Dask cluster.")
@click.option("--prune", is_flag=True, help="Delete records of deleted and unknown docs too.")
@click.option("--retry-blocked", is_flag=True, help="Look again for what was found nowhere before.")
@click.option(
    "--max-failures",
    type=click.IntRange(min=0),
    metavar="N",
    help="Stop when more users fail.  [default: 2 % of all, at least 20]",
)
@options.filters(codes=False)
@options.running
@options.output
def rollout(**chosen: Any) -> None:
    """Restore everybody, the guest account too. Shows what there is to do; --live does it.

    Who fails is tried again at the end. --max-deletes is for each user. Ctrl-C stops after what is on its
    way; what was done stays done, and --resume goes on.

    \b
    Example:
      acconsole rollout --limit 50 --live
    """
    from acconsole.cli import rollout as rollouts

    _run(rollouts.rollout(rollouts.Options(**chosen)))


@cli.command()
@click.argument("run")
@options.running
@options.output
def undo(run: str, **chosen: Any) -> None:
    """Take back what a run did: records and stored rkeys become what they were. RUN may be shortened.

    What has changed since is skipped, and told. An undo is a run like any other, and can be undone.

    \b
    Example:
      acconsole undo 6b05
      acconsole undo 6b05 --live
    """
    from acconsole.cli import running
    from acconsole.cli import undo as undoing

    _run(undoing.undo(run, running.Options(kinds=tuple(MediaType), codes=(), **chosen)))


@cli.command()
@click.argument("run", required=False)
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="At most so many.")
@options.output
def history(run: str | None, limit: int, as_json: bool, quiet: bool) -> None:
    """Show the runs of this machine, the newest first, or one in full. RUN may be shortened.

    \b
    Example:
      acconsole history 6b05
    """
    from acconsole.cli import history as past

    _run(past.history(run, limit, as_json))


@cli.group()
def tape() -> None:
    """Single tapes, without any server."""


@tape.command()
@click.argument("source", metavar="ZIP_OR_URL")
@click.option("-o", "--output", required=True, metavar="OUT.mp4", help="Where the video goes.")
@click.option("--thumbnail", metavar="OUT.jpg", help="Where the thumbnail goes; without it, nowhere.")
@options.output
def convert(source: str, output: str, thumbnail: str | None, as_json: bool, quiet: bool) -> None:
    """Make the video of a tape's ZIP. Needs no settings.

    \b
    Example:
      acconsole tape convert 2025.10.4.17.2.zip -o tape.mp4
    """
    from acconsole.cli import tape as tapes

    _run(tapes.convert(source, Path(output), Path(thumbnail) if thumbnail else None, as_json, quiet))


def _run(work: Coroutine[Any, Any, Exit]) -> NoReturn:
    sys.exit(asyncio.run(work))


def main() -> NoReturn:
    """The entry point: every error that is ours comes out as one paragraph and its exit status."""
    try:
        status = _outcome("--json" in sys.argv)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the output has seen enough; what is left of it has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = Exit.OK
    sys.exit(status)


def _outcome(as_json: bool) -> int:
    """Run the command; its exit status, once an error has been told."""
    try:
        cli.main(prog_name="acconsole", standalone_mode=False)
    except SystemExit as ended:
        return int(ended.code or 0)
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except AcError as error:
        return _tell(error, as_json)
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        hint = f"See `{context.command_path} --help`." if context else "See `acconsole --help`."
        return _tell(UsageError(error.format_message(), hint), as_json)
    except (KeyboardInterrupt, asyncio.CancelledError, click.Abort):
        return Exit.INTERRUPTED
    return Exit.OK


def _tell(error: AcError, as_json: bool) -> Exit:
    if as_json:
        told: dict[str, Any] = {"error": {"title": error.title, "message": error.message, "hint": error.hint}}
        if isinstance(error, BudgetSpent):
            told["resume_at"] = error.resume_at
        print(json.dumps(told))
        return error.exit_status
    from acconsole.inert import drawn

    print(f"{error.title}: {drawn(error.message)}", file=sys.stderr)
    if error.hint:
        print(drawn(error.hint), file=sys.stderr)
    return error.exit_status
