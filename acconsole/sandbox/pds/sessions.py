"""Sessions: an access token for two hours, and a refresh token for ninety days that is used up by use."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jwt

from acconsole.sandbox.pds.xrpc import invalid

SERVICE_DID = "did:web:localhost"
_ACCESS = "com.atproto.access"
_REFRESH = "com.atproto.refresh"
_REFRESH_SECONDS = 90 * 86400
# A client that lost the answer to a refresh may ask once more with the old token.
_GRACE_SECONDS = 2 * 3600


@dataclass(slots=True)
class _Refresh:
    did: str
    expires: float
    next_id: str | None = None


class Sessions:
    """`secret` signs the tokens, `access_seconds` is how long an access token lasts."""

    def __init__(self, secret: str, access_seconds: float, now: Callable[[], float] = time.time) -> None:
        self._secret = secret
        self._access_seconds = access_seconds
        self._now = now
        self._refreshes: dict[str, _Refresh] = {}

    def start(self, did: str) -> dict[str, str]:
        """A new session's two tokens, named as the answers of the PDS name them."""
        return self._tokens(did, secrets.token_urlsafe(32))

    def refresh(self, token_id: str) -> dict[str, str]:
        """The next two tokens of a session. Raises `XrpcError` when its refresh token was revoked."""
        refresh = self._refreshes.get(token_id)
        now = self._now()
        if refresh is None or refresh.expires <= now:
            raise invalid("Token has been revoked", "ExpiredToken")
        refresh.expires = min(refresh.expires, now + _GRACE_SECONDS)
        refresh.next_id = refresh.next_id or secrets.token_urlsafe(32)
        return self._tokens(refresh.did, refresh.next_id)

    def end(self, token_id: str) -> None:
        self._refreshes.pop(token_id, None)

    def end_all(self, did: str) -> None:
        """Ends an account's sessions; access tokens that are out stay good until they expire."""
        self._refreshes = {id_: refresh for id_, refresh in self._refreshes.items() if refresh.did != did}

    def access(self, token: str) -> str:
        """The did that an access token stands for. Raises `XrpcError`: ExpiredToken, InvalidToken."""
        did: str = self._decode(token, _ACCESS)["sub"]
        return did

    def refresh_token(self, token: str) -> tuple[str, str]:
        """The did and the id of a refresh token. Raises `XrpcError` likewise."""
        payload = self._decode(token, _REFRESH)
        return payload["sub"], payload["jti"]

    def _tokens(self, did: str, token_id: str) -> dict[str, str]:
        now = self._now()
        expires = now + _REFRESH_SECONDS
        self._refreshes.setdefault(token_id, _Refresh(did, expires))
        return {
            "accessJwt": self._encode(did, now, now + self._access_seconds, _ACCESS, "at+jwt"),
            "refreshJwt": self._encode(did, now, expires, _REFRESH, "refresh+jwt", jti=token_id),
        }

    def _encode(self, did: str, now: float, expires: float, scope: str, kind: str, **more: str) -> str:
        payload = {
            "scope": scope,
            "aud": SERVICE_DID,
            "sub": did,
            "iat": int(now),
            "exp": int(expires),
            **more,
        }
        return jwt.encode(payload, self._secret, "HS256", headers={"typ": kind})

    def _decode(self, token: str, scope: str) -> dict[str, Any]:
        try:
            payload: dict[str, Any] = jwt.decode(token, self._secret, ["HS256"], audience=SERVICE_DID)
        except jwt.ExpiredSignatureError:
            raise invalid("Token has expired", "ExpiredToken") from None
        except jwt.InvalidTokenError:
            raise invalid("Token could not be verified", "InvalidToken") from None
        if payload.get("scope") != scope:
            raise invalid("Bad token scope", "InvalidToken")
        return payload
