"""Typed settings: the environment first, then a profile of the TOML file, then the defaults.

    # config.toml
    profile = "staging"              # which profile holds unless ACCONSOLE_PROFILE says otherwise
    [profiles.staging]
    colour = "yellow"
    mongodb_connection_string = "mongodb://…"

The keys of a profile are the field names below. An unknown key, in the file or as `ACCONSOLE_…` in the
environment, is refused with the nearest one named.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from acconsole import paths
from acconsole.errors import SettingsError

SANDBOX = "sandbox"
"""A profile that always exists: the embedded servers, pointed at by the environment alone."""

Colour = Literal["red", "orange", "yellow", "green", "blue", "purple", "pink", "grey"]


def _variable(name: str, **kwargs: Any) -> Any:
    return Field(json_schema_extra={"variable": name}, **kwargs)


class Settings(BaseModel):
    """Everything that can be set. Passed in, never global."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, use_attribute_docstrings=True, hide_input_in_errors=True
    )

    mongodb_connection_string: SecretStr | None = _variable("MONGODB_CONNECTION_STRING", default=None)
    """The source database, as a MongoDB connection string. Needed."""
    mongodb_name: str | None = _variable("MONGODB_NAME", default=None)
    """The name of the source database. Needed."""
    pds_url: str = _variable("PDS_URL", default="https://at.aesthetic.computer")
    """The PDS."""
    pds_admin_password: SecretStr | None = _variable("PDS_ADMIN_PASSWORD", default=None)
    """For account administration."""
    pds_rate_limit_bypass_key: SecretStr | None = _variable("PDS_RATE_LIMIT_BYPASS_KEY", default=None)
    """Sent to the PDS as `x-ratelimit-bypass`."""
    site_url: str = _variable("ACCONSOLE_SITE_URL", default="https://aesthetic.computer")
    """The site: `/api/pixel` and `/media` are fetched from it."""
    storage_url: str = _variable(
        "ACCONSOLE_STORAGE_URL", default="https://{bucket}.sfo3.digitaloceanspaces.com"
    )
    """Object storage, a template with `{bucket}`."""
    state_dir: Path = _variable("ACCONSOLE_STATE_DIR", default_factory=paths.state_dir)
    """The journal, backups, caches and logs."""
    read_only: bool = _variable("ACCONSOLE_READ_ONLY", default=False)
    """Refuses every live run, whatever else is said."""
    dask: str | None = _variable("ACCONSOLE_DASK", default=None)
    """Address of a Dask scheduler that takes the conversions; without it, local processes do."""
    tape_zip_routes: bool = _variable("ACCONSOLE_TAPE_ZIP_ROUTES", default=False)
    """New tape records carry the short `zipUrl`; without it, the storage address."""
    profile: str = _variable("ACCONSOLE_PROFILE", default="default")
    """Which profile; its name and colour are always on screen."""
    colour: Colour = "purple"
    """The profile's colour: red, orange, yellow, green, blue, purple, pink or grey."""

    @field_validator("pds_url", "site_url", "storage_url")
    @classmethod
    def _is_address(cls, value: str) -> str:
        if not re.fullmatch(r"https?://[^\s/]+.*", value):
            raise ValueError("is not an http or https address")
        return value.rstrip("/")

    @field_validator("storage_url")
    @classmethod
    def _has_bucket(cls, value: str) -> str:
        if "{bucket}" not in value:
            raise ValueError("has no {bucket} in it")
        return value

    @property
    def mongo(self) -> tuple[str, str]:
        """The connection string and the database's name. Raises `SettingsError` when one is not set."""
        if self.mongodb_connection_string is None or not self.mongodb_name:
            missing = "MONGODB_NAME" if self.mongodb_connection_string else "MONGODB_CONNECTION_STRING"
            raise SettingsError(
                f"{missing} is not set, so there is no database to read.",
                "Set it in the environment or in a profile, or try `acconsole demo`: it needs none.",
            )
        return self.mongodb_connection_string.get_secret_value(), self.mongodb_name


def variables() -> dict[str, str]:
    """The environment variable of each field that has one, by field name."""
    return {
        name: str(field.json_schema_extra["variable"])
        for name, field in Settings.model_fields.items()
        if isinstance(field.json_schema_extra, dict)
    }


def load(environ: Mapping[str, str]) -> Settings:
    """The settings in force. Raises `SettingsError`."""
    file = Path(environ.get("ACCONSOLE_CONFIG") or paths.config_file())
    content = _read(file, named="ACCONSOLE_CONFIG" in environ)
    by_variable = {variable: name for name, variable in variables().items()}
    unknown = [
        name
        for name in environ
        if name.startswith("ACCONSOLE_") and name not in by_variable and name != "ACCONSOLE_CONFIG"
    ]
    _refuse_unknown(unknown, by_variable, "the environment")
    given = {by_variable[name]: value for name, value in environ.items() if name in by_variable and value}
    profile = given.get("profile") or content.get("profile") or "default"
    chosen = _profile(content, profile, file)
    _refuse_unknown(chosen, Settings.model_fields.keys() - {"profile"}, f"profile {profile} of {file}")
    try:
        return Settings(**{**chosen, **given, "profile": profile})
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = str(first["loc"][0])
        where = variables()[name] if name in given else f"{name} in {file}"
        reason = first["msg"].removeprefix("Value error, ")
        raise SettingsError(f"{where}: {reason}.", "Set it again, or leave it out for the default.") from None


def _read(file: Path, *, named: bool) -> dict[str, Any]:
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if named:
            raise SettingsError(f"There is no file {file}.", "Set ACCONSOLE_CONFIG to one that is.") from None
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} cannot be read: {type(error).__name__}.") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{file} is not TOML: {error}.", "Mend the line that it names.") from None
    _refuse_unknown(content, ("profile", "profiles"), str(file))
    if not isinstance(content.get("profile", ""), str):
        raise SettingsError(
            f"{file}: profile must be the name of one.", "The keys of a profile go under [profiles.NAME]."
        )
    return content


def _profile(content: dict[str, Any], profile: str, file: Path) -> dict[str, Any]:
    profiles = content.get("profiles", {})
    if not isinstance(profiles, dict) or not all(isinstance(each, dict) for each in profiles.values()):
        raise SettingsError(
            f"{file}: profiles must be tables.", "Write [profiles.NAME] above the keys of each."
        )
    if profile in profiles:
        chosen: dict[str, Any] = profiles[profile]
        return chosen
    if profile == SANDBOX:
        return {"colour": "green"}
    if profiles and profile != "default":
        _refuse_unknown([profile], profiles, f"the profiles of {file}")
    return {}


def _refuse_unknown(names: Iterable[str], known: Iterable[str], where: str) -> None:
    known = list(known)
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1, 0.4) or known[:1]
            raise SettingsError(f"{name} is not known in {where}.", f"The nearest is {near[0]}.")
