"""`python -m acconsole.sandbox`: the servers alone, for a parent process or a shell."""

from __future__ import annotations

import argparse
import sys

from acconsole.sandbox import DEFAULT_USERS
from acconsole.sandbox.foreground import run


def main() -> None:
    """Parse the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m acconsole.sandbox", description=__doc__)
    parser.add_argument("--users", type=int, default=DEFAULT_USERS, help="how many people live in it")
    parser.add_argument("--rate-limits", action="store_true", help="with the limits of the reference PDS")
    parser.add_argument("--until-stdin-closes", action="store_true", help="end when stdin does")
    options = parser.parse_args()
    if options.users < 0:
        parser.error("--users must not be negative")
    run(
        options.users,
        sys.stdout,
        until_stdin_closes=options.until_stdin_closes,
        rate_limits=options.rate_limits,
    )


if __name__ == "__main__":
    main()
