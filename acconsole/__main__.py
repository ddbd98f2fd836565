"""`python -m acconsole`."""

from acconsole.cli import main

if __name__ == "__main__":
    main()
