"""Accounts and sessions: logins, tokens that age, and what the admin may do."""

from __future__ import annotations

import time

import jwt
import pytest

from tests.contract.client import Client, create, ok, refused
from tests.servers import PASSWORD, Account

SERVER = "com.atproto.server"


async def _login(client: Client, account: Account, **more: str) -> dict[str, object]:
    body = {"identifier": account.handle, "password": account.password, **more}
    return ok(await client.post(f"{SERVER}.createSession", body, token=None))


async def test_the_server_describes_itself(client: Client) -> None:
    told = ok(await client.get(f"{SERVER}.describeServer"))
    assert told["blobUploadLimit"] == 5_242_880
    assert ".test" in told["availableUserDomains"]
    assert told["did"].startswith("did:web:")
    assert ok(await client.get("_health"))["version"]


async def test_a_login_works_by_handle_and_by_did(client: Client) -> None:
    for identifier in (client.account.handle, client.did, client.account.handle.upper()):
        session = await _login(client, client.account, identifier=identifier)
        assert (session["did"], session["handle"]) == (client.did, client.account.handle)
        assert session["active"] is True


@pytest.mark.parametrize("identifier", [None, "nobody-at-all.test"])
async def test_a_wrong_login_is_refused_alike(client: Client, identifier: str | None) -> None:
    body = {"identifier": identifier or client.account.handle, "password": "wrong"}
    answer = await client.post(f"{SERVER}.createSession", body, token=None)
    assert refused(answer, 401, "AuthenticationRequired") == "Invalid identifier or password"


async def test_a_session_tells_whose_it_is(client: Client) -> None:
    told = ok(await client.get(f"{SERVER}.getSession", token=client.access))
    assert (told["did"], told["handle"], told["active"]) == (client.did, client.account.handle, True)


async def test_a_refresh_token_gives_the_next_session(client: Client) -> None:
    fresh = ok(await client.post(f"{SERVER}.refreshSession", None, token=client.refresh))
    assert fresh["refreshJwt"] != client.refresh
    client.access = fresh["accessJwt"]
    ok(await client.apply([create("3jzfcijpj2z2a")]))


async def test_a_lost_answer_to_a_refresh_may_be_asked_for_again(client: Client) -> None:
    answers = [
        ok(await client.post(f"{SERVER}.refreshSession", None, token=client.refresh)) for _ in range(2)
    ]
    ids = [jwt.decode(answer["refreshJwt"], options={"verify_signature": False})["jti"] for answer in answers]
    assert ids[0] == ids[1]


async def test_a_session_that_was_ended_is_not_refreshed(client: Client) -> None:
    ok(await client.post(f"{SERVER}.deleteSession", None, token=client.refresh))
    refused(await client.post(f"{SERVER}.refreshSession", None, token=client.refresh), 400, "ExpiredToken")


async def test_a_refresh_takes_no_body(client: Client) -> None:
    refused(await client.post(f"{SERVER}.refreshSession", {}, token=client.refresh), 400, "InvalidRequest")


async def test_tokens_are_not_taken_for_one_another(client: Client) -> None:
    refused(await client.post(f"{SERVER}.refreshSession", None, token=client.access), 400, "InvalidToken")
    refused(await client.get(f"{SERVER}.getSession", token=client.refresh), 400, "InvalidToken")
    refused(await client.get(f"{SERVER}.getSession", token="no token"), 400, "InvalidToken")


async def test_an_old_access_token_has_expired(client: Client) -> None:
    kept = jwt.decode(client.access, options={"verify_signature": False})
    header = jwt.get_unverified_header(client.access)
    old = kept | {"iat": int(time.time()) - 7300, "exp": int(time.time()) - 100}
    client.access = jwt.encode(old, client.pds.jwt_secret, "HS256", headers=header)
    refused(await client.apply([create("3jzfcijpj2z2a")]), 400, "ExpiredToken")


async def test_access_lasts_two_hours_and_refresh_ninety_days(client: Client) -> None:
    lifes = []
    for token in (client.access, client.refresh):
        payload = jwt.decode(token, options={"verify_signature": False})
        lifes.append(payload["exp"] - payload["iat"])
    assert lifes == [7200, 90 * 86400]


@pytest.mark.parametrize(
    ("handle", "error"),
    [
        ("ab.test", "InvalidHandle"),
        ("nineteen-characters.test", "InvalidHandle"),
        ("two.parts.test", "InvalidHandle"),
        ("under_score.test", "InvalidRequest"),
        ("admin.test", "HandleNotAvailable"),
        ("somebody.elsewhere.com", "UnsupportedDomain"),
    ],
)
async def test_handles_that_are_refused(client: Client, handle: str, error: str) -> None:
    body = {"handle": handle, "password": PASSWORD, "email": f"{handle}@example.com"}
    refused(await client.post(f"{SERVER}.createAccount", body, token=None), 400, error)


async def test_a_handle_belongs_to_one_account(client: Client) -> None:
    body = {"handle": client.account.handle, "password": PASSWORD, "email": "somebody.else@example.com"}
    message = refused(await client.post(f"{SERVER}.createAccount", body, token=None), 400, "InvalidRequest")
    assert "Handle already taken" in message


async def test_a_new_account_has_a_session_and_an_empty_repo(client: Client) -> None:
    handle = f"x{client.account.handle}"
    body = {"handle": handle, "password": PASSWORD, "email": f"{handle}@example.com"}
    made = ok(await client.post(f"{SERVER}.createAccount", body, token=None))
    assert ok(await client.get(f"{SERVER}.getSession", token=made["accessJwt"]))["handle"] == handle
    assert ok(await client.get("com.atproto.sync.getRepoStatus", did=made["did"]))["active"] is True


async def test_handles_resolve(client: Client) -> None:
    resolve = "com.atproto.identity.resolveHandle"
    assert ok(await client.get(resolve, handle=client.account.handle)) == {"did": client.did}
    refused(await client.get(resolve, handle="nobody-at-all.test"), 400, "HandleNotFound")


async def test_a_deactivated_account_still_logs_in_and_is_told(client: Client) -> None:
    await client.set_status("deactivated")
    session = await _login(client, client.account)
    assert (session["active"], session["status"]) == (False, "deactivated")


async def test_a_taken_down_account_does_not_log_in(client: Client) -> None:
    await client.set_status("takedown")
    body = {"identifier": client.account.handle, "password": client.account.password}
    refused(await client.post(f"{SERVER}.createSession", body, token=None), 401, "AccountTakedown")


async def test_the_admin_gives_a_new_password(client: Client) -> None:
    body = {"did": client.did, "password": "another-horse"}
    ok(await client.as_admin("com.atproto.admin.updateAccountPassword", body))
    await _login(client, client.account, password="another-horse")
    old = {"identifier": client.did, "password": client.account.password}
    refused(await client.post(f"{SERVER}.createSession", old, token=None), 401, "AuthenticationRequired")
    refused(await client.post(f"{SERVER}.refreshSession", None, token=client.refresh), 400, "ExpiredToken")


async def test_the_admin_deletes_an_account(client: Client) -> None:
    ok(await client.as_admin("com.atproto.admin.deleteAccount", {"did": client.did}))
    refused(await client.get("com.atproto.sync.getRepo", did=client.did), 400, "RepoNotFound")


async def test_only_the_admin_is_the_admin(client: Client) -> None:
    info = "/xrpc/com.atproto.admin.getAccountInfo"
    told = await client.http.get(info, params={"did": client.did}, auth=("admin", client.pds.admin_password))
    assert ok(told)["handle"] == client.account.handle
    stranger = await client.http.get(info, params={"did": client.did}, auth=("admin", "guess"))
    refused(stranger, 401, "AuthenticationRequired")
    refused(
        await client.post("com.atproto.admin.deleteAccount", {"did": client.did}, token=None),
        401,
        "AuthenticationRequired",
    )
