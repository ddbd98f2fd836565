"""The HTTP side of the sandbox PDS."""

from __future__ import annotations

import base64
import json
import logging
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from acconsole.sandbox.pds import limits, methods_repo, methods_server, methods_sync
from acconsole.sandbox.pds.limits import Limiter
from acconsole.sandbox.pds.store import PdsStore
from acconsole.sandbox.pds.xrpc import (
    AnswerLost,
    Auth,
    Call,
    Method,
    XrpcError,
    invalid,
    opaque,
    too_large,
    unauthorized,
)

_METHODS: Mapping[str, Method] = {
    method.nsid: method for method in (*methods_server.METHODS, *methods_repo.METHODS, *methods_sync.METHODS)
}
_log = logging.getLogger(__name__)


def create_app(
    store: PdsStore,
    *,
    admin_password: str,
    rate_limits: Limiter | None = None,
    bypass_key: str | None = None,
) -> Starlette:
    """The PDS as an ASGI app, for uvicorn.

    With `rate_limits` it has limits, those of the reference PDS; who sends `bypass_key` is free of them.
    `POST /sandbox/faults` with the admin's password and the fields of `Faults` as JSON sets its faults.
    """
    pds = _Pds(store, admin_password, rate_limits, bypass_key)
    return _App(
        routes=[
            Route("/xrpc/_health", pds.health),
            Route("/xrpc/{nsid}", pds.xrpc, methods=["GET", "POST"]),
            Route("/sandbox/faults", pds.faults, methods=["POST"]),
        ]
    )


class _App(Starlette):
    """Keeps the connection at hand: closing one without an answer is nothing that ASGI knows of."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["sandbox.transport"] = getattr(getattr(send, "__self__", None), "transport", None)
        await super().__call__(scope, receive, send)


@dataclass(frozen=True, slots=True)
class _Pds:
    store: PdsStore
    admin_password: str
    limiter: Limiter | None
    bypass_key: str | None

    async def health(self, request: Request) -> Response:
        return JSONResponse({"version": "sandbox"})

    async def faults(self, request: Request) -> Response:
        if not self._is_admin(request):
            return _error(unauthorized("Authentication Required"))
        for name, value in (await request.json()).items():
            if name not in asdict(self.store.faults):
                return _error(invalid(f"no such fault: {name}"))
            setattr(self.store.faults, name, value)
        return JSONResponse(asdict(self.store.faults))

    async def xrpc(self, request: Request) -> Response:
        try:
            return await self._answer(request)
        except XrpcError as problem:
            return _error(problem)
        except AnswerLost:
            return await _hang_up(request)
        except ClientDisconnect:
            return Response()  # nobody is there to read it
        except Exception:
            _log.exception("the sandbox PDS failed")
            return _error(opaque())

    async def _answer(self, request: Request) -> Response:
        method = _METHODS.get(request.path_params["nsid"])
        if method is None:
            raise XrpcError(501, "MethodNotImplemented", "Method Not Implemented")
        expected = "GET" if method.is_query else "POST"
        if request.method != expected:
            raise invalid(f"Incorrect HTTP method ({request.method}) expected {expected}")
        did, token_id = self._authenticate(request, method.auth)
        body = None if method.is_query else await _body(request, method)
        headers = self._charge(request, method, did, body)
        call = Call(request, self.store, did, token_id, self._is_admin(request), body)
        answer = await method.handler(call)
        if not isinstance(answer, Response):
            answer = JSONResponse(answer)
        answer.headers.update(headers)
        return answer

    def _charge(self, request: Request, method: Method, did: str | None, body: Any) -> dict[str, str]:
        if self.limiter is None:
            return {}
        if self.bypass_key and request.headers.get("x-ratelimit-bypass") == self.bypass_key:
            return {}
        ip = request.client.host if request.client else ""
        return self.limiter.charge(limits.charges(method.nsid, ip, did, body))

    def _authenticate(self, request: Request, auth: Auth) -> tuple[str | None, str | None]:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if auth is Auth.ADMIN and not self._is_admin(request):
            raise unauthorized("Authentication Required")
        if auth in (Auth.NONE, Auth.ADMIN):
            return None, None
        if kind.lower() != "bearer":
            if auth is Auth.OPTIONAL:
                return None, None
            raise unauthorized("Authentication Required", "AuthMissing")
        if auth is Auth.REFRESH:
            return self.store.sessions.refresh_token(token)
        return self.store.sessions.access(token), None

    def _is_admin(self, request: Request) -> bool:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        expected = base64.b64encode(f"admin:{self.admin_password}".encode()).decode()
        return kind.lower() == "basic" and secrets.compare_digest(token.encode(), expected.encode())


async def _body(request: Request, method: Method) -> Any:
    """The body, parsed when it is JSON; an empty one counts as an object without fields."""
    data = bytearray()
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        # Read to the end even so: a client that still sends would not hear the answer.
        if size <= method.body_limit:
            data += chunk
    if size and not method.body_limit:
        raise invalid("A request body was provided when none was expected")
    if size > method.body_limit:
        # The reference PDS reads JSON by another library than blobs, with another name for the same error.
        raise too_large("PayloadTooLargeError" if method.is_json else "PayloadTooLarge")
    if not method.is_json:
        if not request.headers.get("content-type"):
            raise invalid("Request encoding (Content-Type) required but not provided")
        return bytes(data)
    try:
        body = json.loads(data) if data else {}
    except ValueError:
        raise invalid("The body is no JSON") from None
    if not isinstance(body, dict):
        raise invalid("Input must be an object")
    return body


async def _hang_up(request: Request) -> Response:
    request.scope["sandbox.transport"].abort()
    while (await request.receive())["type"] != "http.disconnect":
        pass
    # Nobody is there to read it, but the server wants the call to end with one.
    return Response(status_code=500)


def _error(problem: XrpcError) -> Response:
    return JSONResponse(problem.body(), problem.status, headers=dict(problem.headers))
