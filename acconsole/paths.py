"""Where styles and lexicons, settings and state live: in a checkout, an editable install and a wheel."""

from __future__ import annotations

from pathlib import Path

import platformdirs

_PACKAGE = Path(__file__).parent


def data(name: str) -> Path:
    """The folder `styles` or `lexicons`: inside the package in a wheel, beside it in a checkout.

    Raises `FileNotFoundError` when the installation is broken.
    """
    for place in (_PACKAGE / "_data" / name, _PACKAGE.parent / name):
        if place.is_dir():
            return place
    raise FileNotFoundError(f"acconsole is installed without its {name}; install it again")


def config_file() -> Path:
    """The settings file in the platform's config dir; it need not exist."""
    return Path(platformdirs.user_config_dir("acconsole")) / "config.toml"


def state_dir() -> Path:
    """The platform's state dir: backups, logs, caches. It need not exist."""
    return Path(platformdirs.user_state_dir("acconsole"))
