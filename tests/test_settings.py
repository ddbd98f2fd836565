"""Settings: where they come from, what is refused and how it is told, and that no secret is ever shown."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from acconsole import paths, settings
from acconsole.errors import Exit, SettingsError
from acconsole.settings import Settings, load

MONGO = "mongodb://admin:s3cr3t-mongo@db.example:27017"
SECRETS = ("s3cr3t-mongo", "s3cr3t-admin", "s3cr3t-key")

FILE = """
profile = "staging"

[profiles.staging]
colour = "yellow"
mongodb_connection_string = "mongodb://admin:s3cr3t-mongo@db.example:27017"
mongodb_name = "staging"
pds_url = "https://staging.example"
read_only = true

[profiles.production]
colour = "red"
pds_url = "https://production.example/"
tape_zip_routes = true
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(FILE)
    return path


def refused(environ: dict[str, str]) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        load(environ)
    assert caught.value.exit_status is Exit.USAGE
    whole = "".join(traceback.format_exception(caught.value)) + caught.value.message + caught.value.hint
    assert not [secret for secret in SECRETS if secret in whole]
    return caught.value


def test_the_defaults() -> None:
    assert load({}).model_dump() == {
        "mongodb_connection_string": None,
        "mongodb_name": None,
        "pds_url": "https://at.aesthetic.computer",
        "pds_admin_password": None,
        "pds_rate_limit_bypass_key": None,
        "site_url": "https://aesthetic.computer",
        "storage_url": "https://{bucket}.sfo3.digitaloceanspaces.com",
        "state_dir": paths.state_dir(),
        "read_only": False,
        "dask": None,
        "tape_zip_routes": False,
        "profile": "default",
        "colour": "purple",
    }


def test_every_variable_is_read() -> None:
    given = {
        "MONGODB_CONNECTION_STRING": MONGO,
        "MONGODB_NAME": "aesthetic",
        "PDS_URL": "http://localhost:2583/",
        "PDS_ADMIN_PASSWORD": "s3cr3t-admin",
        "PDS_RATE_LIMIT_BYPASS_KEY": "s3cr3t-key",
        "ACCONSOLE_SITE_URL": "https://site.example",
        "ACCONSOLE_STORAGE_URL": "http://localhost/{bucket}",
        "ACCONSOLE_STATE_DIR": "/tmp/state",
        "ACCONSOLE_PROFILE": "sandbox",
        "ACCONSOLE_READ_ONLY": "1",
        "ACCONSOLE_DASK": "tcp://dask.example:8786",
        "ACCONSOLE_TAPE_ZIP_ROUTES": "1",
    }
    assert set(settings.variables().values()) == set(given)
    chosen = load(given)
    shown = {name: getattr(chosen, name) for name in settings.variables()}
    for name, value in shown.items():
        text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        wanted = given[settings.variables()[name]]
        assert text == {"1": "True"}.get(wanted, wanted.rstrip("/"))
    assert chosen.mongo == (MONGO, "aesthetic")


def test_the_environment_goes_before_the_file_and_the_file_before_the_defaults(file: Path) -> None:
    chosen = load({"ACCONSOLE_CONFIG": str(file), "PDS_URL": "https://mine.example"})
    assert chosen.pds_url == "https://mine.example"
    assert chosen.mongodb_name == "staging"
    assert chosen.read_only is True
    assert chosen.site_url == "https://aesthetic.computer"


def test_an_empty_variable_is_one_that_is_not_set(file: Path) -> None:
    chosen = load(
        {"ACCONSOLE_CONFIG": str(file), "PDS_URL": "", "ACCONSOLE_READ_ONLY": "", "ACCONSOLE_PROFILE": ""}
    )
    assert (chosen.pds_url, chosen.read_only, chosen.profile) == ("https://staging.example", True, "staging")


def test_profiles(file: Path) -> None:
    config = {"ACCONSOLE_CONFIG": str(file)}
    assert (load(config).profile, load(config).colour) == ("staging", "yellow")
    other = load({**config, "ACCONSOLE_PROFILE": "production"})
    assert (other.profile, other.colour, other.pds_url) == ("production", "red", "https://production.example")
    assert (other.read_only, other.tape_zip_routes, other.mongodb_name) == (False, True, None)


def test_the_default_profile_need_not_be_written(file: Path) -> None:
    chosen = load({"ACCONSOLE_CONFIG": str(file), "ACCONSOLE_PROFILE": "default"})
    assert (chosen.profile, chosen.colour, chosen.pds_url) == (
        "default",
        "purple",
        "https://at.aesthetic.computer",
    )


def test_the_sandbox_profile_always_exists(file: Path) -> None:
    for config in ({}, {"ACCONSOLE_CONFIG": str(file)}):
        chosen = load({**config, "ACCONSOLE_PROFILE": "sandbox"})
        assert (chosen.profile, chosen.colour, chosen.mongodb_name) == ("sandbox", "green", None)


def test_the_file_in_the_platforms_config_dir(clean_environment: Path) -> None:
    assert load({}).profile == "default"
    place = paths.config_file()
    assert place.is_relative_to(clean_environment)
    place.parent.mkdir(parents=True)
    place.write_text(FILE)
    assert load({}).profile == "staging"


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("ACCONSOLE_SITEURL", "ACCONSOLE_SITE_URL"),
        ("ACCONSOLE_READONLY", "ACCONSOLE_READ_ONLY"),
        ("ACCONSOLE_PROFIL", "ACCONSOLE_PROFILE"),
        ("ACCONSOLE_ZIP_ROUTES", "ACCONSOLE_TAPE_ZIP_ROUTES"),
    ],
)
def test_unknown_variables_are_refused(name: str, near: str) -> None:
    error = refused({name: "s3cr3t-key"})
    assert name in error.message
    assert near in error.hint


def test_variables_of_others_are_let_be() -> None:
    assert load({"PATH": "/bin", "PDS_HOSTNAME": "x", "MONGODB_VERSION": "8"}).profile == "default"


@pytest.mark.parametrize(
    ("content", "name", "near"),
    [
        ('[profiles.default]\npds_ulr = "https://x.example"', "pds_ulr", "pds_url"),
        ('[profiles.default]\nprofile = "x"', "profile", ""),
        ('[profiles.default]\nMONGODB_NAME = "x"', "MONGODB_NAME", ""),
        ('profil = "x"', "profil", "profile"),
        ('pds_url = "https://x.example"', "pds_url", "profile"),
        ('[profile.default]\ncolour = "red"', "", ""),
    ],
)
def test_unknown_keys_are_refused(tmp_path: Path, content: str, name: str, near: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(content)
    error = refused({"ACCONSOLE_CONFIG": str(path)})
    assert name in error.message
    assert near in error.hint
    assert str(path) in error.message or "ACCONSOLE" in error.message


def test_an_unknown_profile_is_refused(file: Path) -> None:
    error = refused({"ACCONSOLE_CONFIG": str(file), "ACCONSOLE_PROFILE": "productoin"})
    assert "productoin" in error.message
    assert "production" in error.hint


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PDS_URL", "at.aesthetic.computer"),
        ("PDS_URL", "ftp://x"),
        ("ACCONSOLE_SITE_URL", "https://"),
        ("ACCONSOLE_STORAGE_URL", "https://bucket.example"),
        ("ACCONSOLE_STORAGE_URL", "{bucket}.example"),
        ("ACCONSOLE_READ_ONLY", "perhaps"),
        ("ACCONSOLE_TAPE_ZIP_ROUTES", "2"),
    ],
)
def test_a_bad_value_says_which_variable(name: str, value: str) -> None:
    error = refused({name: value, "PDS_ADMIN_PASSWORD": "s3cr3t-admin"})
    assert error.message.startswith(f"{name}: ")
    assert error.hint


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ('colour = "mauve"', "colour"),
        ('read_only = "perhaps"', "read_only"),
        ("pds_url = 7", "pds_url"),
        ("pds_admin_password = 7", "pds_admin_password"),
    ],
)
def test_a_bad_value_in_the_file_says_which_key(tmp_path: Path, line: str, name: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(f"[profiles.default]\n{line}\n")
    assert refused({"ACCONSOLE_CONFIG": str(path)}).message.startswith(f"{name} in {path}: ")


@pytest.mark.parametrize(
    "content",
    [
        b"not toml",
        b"profiles = 7",
        b"[profiles]\ndefault = 7",
        b"\xff\xfe",
        b'[profiles.default]\nx = "s3cr3t-key',
        b"profile = 7",
        b"profile = []",
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(content)
    refused({"ACCONSOLE_CONFIG": str(path)})


def test_a_named_file_must_be_there(tmp_path: Path) -> None:
    missing = tmp_path / "nowhere.toml"
    assert str(missing) in refused({"ACCONSOLE_CONFIG": str(missing)}).message
    refused({"ACCONSOLE_CONFIG": str(tmp_path)})


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({}, "MONGODB_CONNECTION_STRING"),
        ({"MONGODB_NAME": "x"}, "MONGODB_CONNECTION_STRING"),
        ({"MONGODB_CONNECTION_STRING": MONGO}, "MONGODB_NAME"),
    ],
)
def test_what_is_needed_is_asked_for_by_name(given: dict[str, str], missing: str) -> None:
    with pytest.raises(SettingsError, match=missing) as caught:
        _ = load(given).mongo
    assert "acconsole demo" in caught.value.hint
    assert "s3cr3t" not in str(caught.value)


def test_secrets_are_never_shown() -> None:
    chosen = load(
        {
            "MONGODB_CONNECTION_STRING": MONGO,
            "PDS_ADMIN_PASSWORD": "s3cr3t-admin",
            "PDS_RATE_LIMIT_BYPASS_KEY": "s3cr3t-key",
        }
    )
    for shown in (repr(chosen), str(chosen), chosen.model_dump_json(), repr(chosen.model_dump())):
        assert not [secret for secret in SECRETS if secret in shown]


def test_settings_are_passed_in_and_do_not_change() -> None:
    chosen: Any = load({})
    with pytest.raises(ValueError, match="frozen"):
        chosen.read_only = True


def test_each_setting_says_what_it_is() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
