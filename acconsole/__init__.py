"""acconsole keeps aesthetic.computer's media and the AT Protocol repos of its people the same."""

__version__ = "0.1.0"
