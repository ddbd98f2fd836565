"""The TLS settings that all HTTP clients share: to read the authorities' certificates takes a while."""

from __future__ import annotations

import ssl
from functools import cache

import httpx


@cache
def context() -> ssl.SSLContext:
    """What httpx would make for each client anew."""
    return httpx.create_ssl_context()
