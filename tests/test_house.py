"""The house itself: what an import brings along, what a wheel holds, and what no file may say."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DRIVERS = ("motor", "pymongo", "bson", "httpx", "atproto", "atproto_client", "secantus", "arroba")
SCREENS = ("textual", "rich")
HEADLESS = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in sorted((ROOT / "acconsole").rglob("*.py"))
    if path.relative_to(ROOT).parts[1] not in ("console", "__main__.py", "_data")
]
PURE = [name for name in HEADLESS if name.split(".")[1:2] not in (["stores"], ["sandbox"], ["cli"])]


def loaded_after(statements: str) -> set[str]:
    """The top-level modules of a fresh interpreter that has run these statements."""
    script = f"import sys\n{statements}\nprint('\\n'.join(sys.modules), file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, text=True, capture_output=True, timeout=60, check=False
    )
    return {line.partition(".")[0] for line in done.stderr.splitlines()}


def test_the_lists_of_modules_are_not_empty() -> None:
    assert {"acconsole.engine.match", "acconsole.media.tid", "acconsole.settings", "acconsole.inert"} <= set(
        PURE
    )
    assert "acconsole.stores.mongo" in HEADLESS
    assert "acconsole.stores.mongo" not in PURE


def test_no_headless_module_brings_a_screen() -> None:
    """All in one interpreter. httpx has a command line of its own, which takes Rich along if it is there."""
    loaded = loaded_after("\n".join(f"import {name}" for name in HEADLESS))
    assert {"acconsole", "motor", "httpx"} <= loaded, "the imports worked"
    assert "textual" not in loaded


def test_the_engine_and_the_media_types_bring_no_driver() -> None:
    loaded = loaded_after("\n".join(f"import {name}" for name in PURE))
    assert {"acconsole", "libipld", "PIL"} <= loaded, "the imports worked"
    assert not loaded & {*SCREENS, *DRIVERS}


@pytest.mark.parametrize(
    "name", ["engine", "engine.sync", "media", "media.record", "stores", "settings", "cli"]
)
def test_a_single_import_brings_no_screen(name: str) -> None:
    loaded = loaded_after(f"import acconsole.{name}")
    assert "acconsole" in loaded
    assert "textual" not in loaded


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["restore", "--help"], ["no-such-command"]])
def test_help_is_quick(arguments: list[str]) -> None:
    """What takes long to import is left until a command needs it."""
    loaded = loaded_after(
        f"sys.argv = ['acconsole', *{arguments!r}]\n"
        "from acconsole.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass"
    )
    assert "click" in loaded
    assert not loaded & {*SCREENS, *DRIVERS, "lexrpc", "PIL", "libipld", "multiformats", "pydantic"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel that is built of the tree, by the build backend of this environment."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--skip-dependency-check"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    done = subprocess.run(
        [*build, "--outdir", str(folder), str(ROOT)],
        env=environment,
        text=True,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (made,) = folder.glob("*.whl")
    return made


def test_what_a_wheel_holds(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("styles", "lexicons"):
        files = {path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob("*") if path.is_file()}
        assert files
        assert {f"acconsole/_data/{name}" for name in files} <= names
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "acconsole").rglob("*.py")}
    assert modules | {"acconsole/py.typed"} <= names
    others = {name for name in names if not name.startswith("acconsole/") and ".dist-info/" not in name}
    assert not others
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)


def test_a_wheel_in_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    """Only the wheel is installed; what it depends on is taken from here, so that nothing is downloaded."""
    place = tmp_path / "empty"
    venv.create(place, with_pip=False, symlinks=True)
    python = place / "bin" / "python"
    paths = {"base": str(place), "platbase": str(place)}
    packages = Path(sysconfig.get_path("purelib", "venv", paths))
    install = [
        sys.executable,
        "-m",
        "pip",
        "--disable-pip-version-check",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
    ]
    subprocess.run(
        [*install, "--prefix", str(place), "--ignore-installed", str(wheel)], check=True, timeout=120
    )
    # After the wheel's own, and without the .pth by which this environment finds the checkout.
    ours = Path(sysconfig.get_path("purelib"))
    (packages / "dependencies.pth").write_text(f"{ours}\n")
    script = (
        "import acconsole, acconsole.paths as paths\n"
        "from acconsole.media import lexicon\n"
        "from acconsole.media.base import MediaType\n"
        "print(acconsole.__file__)\n"
        "print(paths.data('styles') / 'base.tcss', (paths.data('styles') / 'base.tcss').is_file())\n"
        "print([lexicon.lexicon(kind)['id'] for kind in MediaType])\n"
    )
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}

    def said(*command: str) -> str:
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, text=True, capture_output=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    version = said(str(place / "bin" / "acconsole"), "--version")
    assert re.fullmatch(r"acconsole, version \d+\.\d+\.\d+\S*\n", version)
    module, styles, lexicons = said(str(python), "-c", script).splitlines()
    assert Path(module) == packages / "acconsole" / "__init__.py"
    assert styles == f"{packages / 'acconsole' / '_data' / 'styles' / 'base.tcss'} True"
    assert "computer.aesthetic.tape" in lexicons


def _tracked() -> list[Path]:
    """Every file of the repository, those that are not yet committed too."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    done = subprocess.run(listing, cwd=ROOT, text=True, capture_output=True, check=False)
    if done.returncode:
        pytest.skip("not a git checkout")
    return [path for name in done.stdout.split("\0") if name and (path := ROOT / name).is_file()]


# Written in parts, so that this file may be looked at too.
_HOSTS = [f"{name}.{end}" for name, end in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"))]
_PLACES = [f"/{first}/{then}" for first, then in (("work", "main"), ("work", "shared"), ("work", "scratch"))]
_HOMES = [f"/{first}/" for first in ("home", "Users")]


@pytest.mark.parametrize("banned", [*_HOSTS, *_PLACES, *_HOMES])
def test_no_file_names_a_registry_or_a_place_on_one_machine(banned: str) -> None:
    holding = [str(path.relative_to(ROOT)) for path in _tracked() if banned.encode() in path.read_bytes()]
    assert holding == []


def test_styles_hold_no_literal_colours() -> None:
    """Colours come from the theme, so that a theme can change them all."""
    literal = re.compile(r"#[0-9a-fA-F]{3,8}\b|\b(?:rgb|rgba|hsl|hsla)\(|ansi_\w+")
    named = re.compile(
        r":\s*[^;$]*\b(?:red|green|blue|yellow|white|black|cyan|magenta|orange|purple|pink|gr[ae]y)\b[^;]*;"
    )
    files = list((ROOT / "styles").rglob("*.tcss"))
    assert files
    for file in files:
        text = re.sub(r"/\*.*?\*/", "", file.read_text(), flags=re.DOTALL)
        assert not literal.findall(text), file
        assert not named.findall(text), file


def test_each_exception_from_the_rules_has_its_reason() -> None:
    """`# type: ignore[code]  # why` and `# noqa: CODE  # why`: the code is named, and so is the reason."""
    marks = re.compile(r"#\s*(type:\s*ignore|noqa)(.*)$")
    reasoned = re.compile(r"(\[[\w\-, ]+\]|:\s*[A-Z]+\d+(,\s*[A-Z]+\d+)*)\s+#\s*\S.{5,}")
    wrong = []
    for path in _tracked():
        if path.suffix != ".py" or path == Path(__file__):
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            mark = marks.search(line)
            if mark and not reasoned.fullmatch(mark[2]):
                wrong.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()}")
    assert wrong == []
