"""What an XRPC method is here: its description, a call of it, and its errors."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

if TYPE_CHECKING:
    from acconsole.sandbox.pds.store import PdsStore


@dataclass(eq=False)
class XrpcError(Exception):
    """An error as it is answered: HTTP status, the error's name, and a message."""

    status: int
    error: str
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> dict[str, str]:
        return {"error": self.error, "message": self.message}


def invalid(message: str, error: str = "InvalidRequest") -> XrpcError:
    return XrpcError(400, error, message)


def unauthorized(message: str, error: str = "AuthenticationRequired") -> XrpcError:
    return XrpcError(401, error, message)


def too_large(error: str = "PayloadTooLarge") -> XrpcError:
    return XrpcError(413, error, "request entity too large")


def opaque() -> XrpcError:
    """What the reference PDS answers for its own failures, whatever the cause."""
    return XrpcError(500, "InternalServerError", "Internal Server Error")


class Auth(Enum):
    """Who may call a method. With OPTIONAL a valid token is looked at, and none is fine."""

    NONE = "none"
    OPTIONAL = "optional"
    ACCESS = "access"
    REFRESH = "refresh"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Call:
    """One call. `did` is the caller's, None without a login; `body` is parsed JSON, or bytes for a blob."""

    request: Request
    store: PdsStore
    did: str | None = None
    token_id: str | None = None
    is_admin: bool = False
    body: Any = None

    def text(self, name: str, default: str | None = None) -> str:
        """A query parameter. Raises `XrpcError` when it is missing and there is no default."""
        value = self.request.query_params.get(name, default)
        if value is None:
            raise invalid(f'Error: Params must have the property "{name}"')
        return value

    def limit(self, default: int, highest: int) -> int:
        """The parameter `limit`, from 1 to `highest`. Raises `XrpcError` outside of it."""
        value = self.request.query_params.get("limit", str(default))
        if not value.isdigit() or not 1 <= int(value) <= highest:
            raise invalid(f"Error: limit must be from 1 to {highest}")
        return int(value)

    def field(self, name: str, kind: type = str) -> Any:
        """A needed field of the JSON body. Raises `XrpcError` when it is missing or of another type."""
        value = self.body.get(name)
        if not isinstance(value, kind):
            raise invalid(f'Input must have the property "{name}"')
        return value


Handler = Callable[[Call], Awaitable[Response | dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Method:
    """One method: its name, who may call it, and the most bytes that its body may have (0: none is wanted).

    `is_query` makes it a GET; `is_json` False hands the body over as it comes.
    """

    nsid: str
    handler: Handler
    auth: Auth = Auth.NONE
    is_query: bool = False
    is_json: bool = True
    body_limit: int = 100_000


class AnswerLost(Exception):
    """The call is done, and its caller is not to hear of it: the connection closes without an answer."""
