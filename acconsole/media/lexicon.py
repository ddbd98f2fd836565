"""The lexicons, and the check that every record passes before it may be written.

lexrpc decides; what it leaves out (a blob's declared type and size, the letter of the datetime and the
URI format) is added here. `maxLength` counts UTF-8 bytes (https://atproto.com/specs/lexicon#string).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from acconsole import paths
from acconsole.media.base import Blocked, MediaType

Schema = dict[str, Any]

# https://atproto.com/specs/lexicon#datetime: upper-case T and Z, seconds, a time zone, never -00:00.
_DATETIME = re.compile(
    r"\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-6]\d:[0-6]\d(\.\d{1,20})?"
    r"(Z|(\+|-(?!00:00))([01]\d|2[0-3]):[0-5]\d)"
)
_URI = re.compile(r"[A-Za-z][^\s:/]*:(//)?[^\s/]\S*")
_BLOB_FIELDS = {"$type", "ref", "mimeType", "size"}
# CIDv1 in base 32 with SHA-256, as https://atproto.com/specs/data-model#link-and-cid-formats has it: raw
# data or dag-cbor, and dag-pb, which the reference implementation takes too. The last letter pads with zeros.
_CID = re.compile(r"baf(krei|yrei|ybei)[a-z2-7]{51}[aeimquy4]")


@cache
def lexicon(kind: MediaType) -> Schema:
    """The lexicon file of a media type, parsed."""
    *folders, name = kind.nsid.split(".")
    path = paths.data("lexicons").joinpath(*folders, f"{name}.json")
    parsed: Schema = json.loads(path.read_text(encoding="utf-8"))
    return parsed


def fields(kind: MediaType) -> dict[str, Schema]:
    """The schema of each field of a media type's record."""
    properties: dict[str, Schema] = lexicon(kind)["defs"]["main"]["record"]["properties"]
    return properties


def required(kind: MediaType) -> list[str]:
    """The fields that a media type's record must have."""
    names: list[str] = lexicon(kind)["defs"]["main"]["record"]["required"]
    return names


def problem(kind: MediaType, record: Mapping[str, Any]) -> Blocked | None:
    """The first field at which a record breaks its lexicon, and how; None for a valid record."""
    if _is_plain(kind, record):
        return None
    if record.get("$type") != kind.nsid:
        return Blocked("$type", f"is not {kind.nsid}")
    decoded = {name: _decoded(value) for name, value in record.items()}
    if _accepts(kind, decoded):
        return _beyond(kind, record)
    for name in fields(kind):
        others = tuple(other for other in fields(kind) if other != name)
        if not _accepts(kind, decoded, others):
            return Blocked(name, _why(fields(kind)[name], name, record))
    return Blocked("$type", "is not valid")


def _is_plain(kind: MediaType, record: Mapping[str, Any]) -> bool:
    """Whether a record is valid beyond doubt: nearly every one is, and thousands are looked at at once.

    It says yes only where lexrpc would: text alone, short enough by any count, dates and addresses in their
    plainest forms. Anything else is lexrpc's to decide.
    """
    nsid, must, limits = _plain_form(kind)
    if record.get("$type") != nsid or not must <= record.keys():
        return False
    for name, (shortest, longest, pattern) in limits.items():
        value = record.get(name)
        if value is None and name not in must and name not in record:
            continue
        if type(value) is not str or not value.isascii() or not shortest <= len(value) <= longest:
            return False
        if pattern and not pattern.fullmatch(value):
            return False
    return True


_PLAIN = {
    "datetime": re.compile(
        r"[12]\d{3}-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z"
    ),
    "uri": re.compile(r"https://aesthetic\.computer/[!-~]+"),
    None: None,
}


@cache
def _plain_form(
    kind: MediaType,
) -> tuple[str, frozenset[str], dict[str, tuple[int, int, re.Pattern[str] | None]]]:
    limits = {
        # A blob's limit of 0 is kept by no value, so that a record with one is never plain.
        name: (
            each.get("minLength", 0),
            each.get("maxLength", 40 if "format" in each else 0),
            _PLAIN[each.get("format")],
        )
        for name, each in fields(kind).items()
    }
    return kind.nsid, frozenset(required(kind)), limits


@cache
def _validator() -> Any:
    # lexrpc takes half a second to import: only who checks records pays for it.
    from lexrpc.base import Base

    return Base([lexicon(kind) for kind in MediaType])


def _accepts(kind: MediaType, record: Mapping[str, Any], ignore: tuple[str, ...] = ()) -> bool:
    from lexrpc.base import ValidationError

    try:
        _validator().validate(kind.nsid, "record", record, ignore=ignore)
    except (ValidationError, UnicodeEncodeError):  # a lone surrogate has no UTF-8
        return False
    return True


def _decoded(value: object) -> object:
    """A blob with its link as the CID that lexrpc expects; anything else as it is."""
    if not isinstance(value, Mapping) or not is_blob(value):
        return value
    from multiformats import CID

    return {**value, "ref": CID.decode(value["ref"]["$link"])}


def _beyond(kind: MediaType, record: Mapping[str, Any]) -> Blocked | None:
    for name, schema in fields(kind).items():
        value = record.get(name)
        if value is None:
            continue
        if schema["type"] == "blob" and (reason := blob_problem(schema["accept"], schema["maxSize"], value)):
            return Blocked(name, reason)
        if schema.get("format") == "datetime" and not _DATETIME.fullmatch(value):
            return Blocked(name, "is not a datetime")
        if schema.get("format") == "uri" and not _URI.fullmatch(value):
            return Blocked(name, "is not a uri")
    return None


def is_blob(value: object) -> bool:
    """Whether a value has the shape of a blob in JSON."""
    if not isinstance(value, Mapping) or value.get("$type") != "blob":
        return False
    ref = value.get("ref")
    link = ref["$link"] if isinstance(ref, Mapping) and ref.keys() == {"$link"} else None
    known = value.keys() <= _BLOB_FIELDS
    return known and isinstance(link, str) and _CID.fullmatch(link) is not None


def blob_problem(accept: Sequence[str], max_size: int, value: Any) -> str | None:
    """What is wrong with a blob's shape, declared type or declared size in bytes; None when nothing is."""
    if not is_blob(value):
        return "is not a blob"
    mime, size = value.get("mimeType"), value.get("size")
    if mime not in accept:
        return f"is declared as {mime}, not {' or '.join(accept)}"
    if type(size) is not int or size < 1:
        return "has no size"
    if size > max_size:
        return f"is {size:,} bytes of {max_size:,}"
    return None


def _why(schema: Schema, name: str, record: Mapping[str, Any]) -> str:
    if name not in record:
        return "is missing"
    value = record[name]
    if schema["type"] == "blob":
        return blob_problem(schema["accept"], schema["maxSize"], value) or "is not a blob"
    if not isinstance(value, str):
        return f"is {type(value).__name__}, not text"
    length = len(value.encode("utf-8", "surrogatepass"))
    if length > schema.get("maxLength", length):
        return f"too long ({length:,} of {schema['maxLength']:,} bytes)"
    if length < schema.get("minLength", 0):
        return "is empty"
    return f"is not a {schema['format']}" if "format" in schema else "is not valid"
