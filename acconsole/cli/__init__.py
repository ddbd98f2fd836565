"""The command line: parse, pick a front end, print. `main` is the entry point."""

from acconsole.cli.main import main

__all__ = ["main"]
