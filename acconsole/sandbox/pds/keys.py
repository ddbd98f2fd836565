"""Signing, by arroba: the one place that knows of it."""

from __future__ import annotations

import warnings
from typing import Any

with warnings.catch_warnings():
    # Its helper library still imports deprecated names of websockets.
    warnings.simplefilter("ignore", DeprecationWarning)
    import arroba.util
import dag_cbor
from multiformats import CID


def new_key() -> Any:
    """A new K-256 key."""
    return arroba.util.new_key()


def signed_commit(did: str, rev: str, root: bytes, key: Any) -> bytes:
    """The block of a commit over the tree of this root."""
    commit = {"did": did, "version": 3, "rev": rev, "prev": None, "data": CID.decode(root)}
    block: bytes = dag_cbor.encode(arroba.util.sign(commit, key))
    return block
