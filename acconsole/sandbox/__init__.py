"""The embedded Mongo, PDS and media host, and the lifelike data in them."""

DEFAULT_USERS = 200
"""How many people live in the sandbox unless it is told otherwise, without the guest account."""

ALL_USERS = 4201
"""As many as aesthetic.computer has."""
