"""Who lives in the sandbox: every state of an account and of a handle."""

from __future__ import annotations

import re

import pytest

from acconsole.media.base import GUEST
from acconsole.sandbox.people import DOMAIN, STALE_DOMAIN, Account, Person, guest, people
from acconsole.sandbox.seeds import BASE36, Codes

EVERYBODY = list(people(4201))
BY_HANDLE = {person.handle: person for person in EVERYBODY if person.handle}


def test_all_of_the_sites_users_can_be_had() -> None:
    assert len(EVERYBODY) == 4201
    for names in (
        {person.id for person in EVERYBODY},
        {person.code for person in EVERYBODY},
        {person.did or person.id for person in EVERYBODY},
        {person.pds_handle or person.id for person in EVERYBODY},
    ):
        assert len(names) == 4201


def test_handles_are_such_as_the_site_takes() -> None:
    handles = [person.handle for person in EVERYBODY if person.handle]
    assert len(set(handles)) == len(handles)
    assert all(re.fullmatch(r"(?i)[a-z0-9]+([._][a-z0-9]+)*", handle) for handle in handles)
    assert max(map(len, handles)) <= 16


def test_the_people_whom_the_docs_name_are_the_first() -> None:
    first = [person.handle for person in EVERYBODY[:13]]
    assert first[:3] == ["jeffrey", "jefferson", "jef.art"]
    assert first[3:] == ["abby", "ana.w", "bit", "casey", "dot", "e_4", "flo", "gus", "hana", "i.k"]


def test_ids_are_of_both_tenants() -> None:
    assert all(re.fullmatch(r"(sotce-)?auth0\|[0-9a-f]{24}", person.id) for person in EVERYBODY)
    assert any(person.id.startswith("sotce-") for person in EVERYBODY[:40])
    assert all(re.fullmatch(r"ac\d\d[a-z0-9]{5}", person.code) for person in EVERYBODY)


@pytest.mark.parametrize("account", list(Account))
def test_each_state_of_an_account_is_in_the_small_sandbox(account: Account) -> None:
    assert any(person.account is account for person in EVERYBODY[:200])


@pytest.mark.parametrize(
    ("handle", "label"),
    [
        ("jeffrey", "jeffrey"),
        ("jef.art", "jef-art"),
        ("e_4", "e-4"),
        ("a.b", "a-b"),
        ("a_b", None),
        ("moth", "moth"),
        ("Moth", None),
        ("k7", None),
        ("admin", None),
    ],
)
def test_pds_handles_fall_back_to_the_code(handle: str, label: str | None) -> None:
    person = BY_HANDLE[handle]
    assert person.pds_handle == f"{label or person.code}{DOMAIN}"


def test_one_handle_is_another_persons_code() -> None:
    assert BY_HANDLE["ac25nocoj"].code != BY_HANDLE["jef.art"].code == "ac25nocoj"


def test_people_without_a_handle_go_by_their_code() -> None:
    without = [person for person in EVERYBODY[:40] if person.handle is None]
    assert {person.pds_handle for person in without if person.did} == {
        f"{person.code}{DOMAIN}" for person in without if person.did
    }
    assert any(person.did is None for person in without)


def test_the_stale_domain() -> None:
    assert BY_HANDLE["olden"].pds_handle == f"olden{STALE_DOMAIN}"


def test_user_docs_hold_the_account_nested_or_flat_or_not_at_all() -> None:
    nested, flat, none = (BY_HANDLE[name].user_doc() for name in ("jeffrey", "flatcap", "wisp"))
    assert nested["atproto"]["handle"] == f"jeffrey{DOMAIN}"
    assert re.fullmatch(r"did:plc:[a-z2-7]{24}", nested["atproto"]["did"])
    assert flat["atproto_handle"] == f"flatcap{DOMAIN}"
    assert "atproto" not in flat
    assert set(none) == {"_id", "code", "when"}
    fields = {name for person in EVERYBODY[:200] for name in person.user_doc().get("atproto", {})}
    assert fields >= {"created", "createdAt", "syncedAt"}


def test_a_dead_password_is_not_the_one_that_the_pds_takes() -> None:
    assert _knows_password(BY_HANDLE["jeffrey"])
    assert not _knows_password(BY_HANDLE["rook"])


def _knows_password(person: Person) -> bool:
    return person.stored_password == person.password


def test_the_guest_account_is_one_of_a_kind() -> None:
    assert guest().id == GUEST
    assert guest().pds_handle == f"art{DOMAIN}"
    assert guest().handle is None


def test_codes_are_given_once_and_skip_those_taken() -> None:
    codes = Codes(BASE36, 1, taken="abc")
    given = [codes.next() for _ in range(len(BASE36) - 4)]
    assert len(set(given)) == len(given)
    assert not set(given) & set("abc")
    with pytest.raises(ValueError, match="no code"):
        codes.next()
