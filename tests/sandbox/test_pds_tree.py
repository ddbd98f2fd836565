"""The tree of the sandbox PDS, held against arroba's and the specification's own examples."""

from __future__ import annotations

import warnings

import libipld
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acconsole.sandbox.pds import tree
from acconsole.sandbox.pds.values import dag_cid

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from arroba.mst import MST
    from arroba.storage import MemoryStorage
from multiformats import CID

_RKEYS = st.text("234567abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=13)
_PATHS = st.builds(
    "{}/{}".format, st.sampled_from(["computer.aesthetic.mood", "computer.aesthetic.tape"]), _RKEYS
)


def _leaves(paths: set[str]) -> dict[str, bytes]:
    return {path: dag_cid(path.encode()) for path in paths}


@pytest.mark.parametrize(
    ("key", "layer"),
    [
        ("2653ae71", 0),
        ("blue", 1),
        ("app.bsky.feed.post/454397e440ec", 4),
        ("app.bsky.feed.post/9adeb165882c", 8),
    ],
)
def test_a_key_stands_where_the_specification_says(key: str, layer: int) -> None:
    assert tree.layer(key.encode()) == layer


def test_an_empty_tree_has_one_empty_node() -> None:
    built = tree.build({})
    assert libipld.encode_cid(built.root) == "bafyreie5737gdxlw5i64vzichcalba3z2v5n6icifvx5xytvske7mr3hpm"
    assert libipld.decode_dag_cbor(built.nodes[built.root]) == {"e": [], "l": None}


@given(st.sets(_PATHS, max_size=60))
def test_its_root_is_arrobas(paths: set[str]) -> None:
    leaves = _leaves(paths)
    grown = MST.create(storage=MemoryStorage())
    for path, cid in leaves.items():
        grown = grown.add(path, CID.decode(cid))
    assert tree.build(leaves).root == bytes(grown.get_pointer())


@given(st.sets(_PATHS, min_size=1, max_size=60))
def test_every_node_is_there_under_its_cid(paths: set[str]) -> None:
    built = tree.build(_leaves(paths))
    assert all(dag_cid(block) == cid for cid, block in built.nodes.items())
    found: list[str] = []
    _walk(built, built.root, found)
    assert found == sorted(paths) == list(built.keys)


def _walk(built: tree.Tree, cid: bytes | None, found: list[str]) -> None:
    if cid is None:
        return
    node = libipld.decode_dag_cbor(built.nodes[cid])
    _walk(built, node["l"], found)
    key = b""
    for entry in node["e"]:
        key = key[: entry["p"]] + entry["k"]
        found.append(key.decode())
        _walk(built, entry["t"], found)
