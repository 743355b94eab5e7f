"""The package: what a wheel and an sdist hold and declare, and the command that is installed."""

import ast
import importlib
import importlib.util
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from email import message_from_string
from email.message import Message
from importlib import metadata
from pathlib import Path

import pytest

import terpret
from terpret.runs import described

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("terpret", "ntpt_models")
# What lies in a project's folder by its use, and takes long to copy: its own, and any folder's.
IGNORED = shutil.ignore_patterns(".*", "build", "dist", "*.egg-info", "runs", "data")
CACHES = shutil.ignore_patterns("__pycache__")


def ran(*command: object, **options: object) -> subprocess.CompletedProcess:
    return subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, timeout=1200, **options
    )


def done(*command: object, **options: object) -> str:
    """What a command prints, which must end with status 0."""
    result = ran(*command, **options)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel that is built of the sdist; no network is asked."""
    folder = tmp_path_factory.mktemp("built")

    def ignored(where: str, names: list[str]) -> set[str]:
        return (IGNORED if Path(where) == ROOT else CACHES)(where, names)

    copied = shutil.copytree(ROOT, folder / "project", ignore=ignored)
    done(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder / "dist", copied)
    return folder / "dist"


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    return next(built.glob("*.whl"))


@pytest.fixture(scope="module")
def about(wheel: Path) -> Message:
    """What the wheel says of itself."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith("/METADATA"))
        return message_from_string(archive.read(name).decode())


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts' folder of an environment that has the wheel, and nothing that it needs."""
    folder = tmp_path_factory.mktemp("installed")
    done(sys.executable, "-m", "venv", "--without-pip", folder)
    scripts = folder / Path(sysconfig.get_path("scripts")).name
    install = ["install", "--quiet", "--no-deps", "--no-index", wheel]
    done(sys.executable, "-m", "pip", "--python", scripts / "python", *install)
    return scripts


@pytest.fixture
def libraries(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the installed package needs is there, from the environment of this test."""
    monkeypatch.setenv("PYTHONPATH", sysconfig.get_path("purelib"))


def sources() -> set[str]:
    """The names in a wheel of all files of the library and of the models."""
    files = (path for package in PACKAGES for path in (ROOT / package).rglob("*"))
    return {
        path.relative_to(ROOT).as_posix()
        for path in files
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_a_wheel_holds_the_library_and_the_models_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    noted = {name for name in names if name.startswith(f"neural_terpret-{terpret.__version__}.")}
    assert names - noted == sources()
    examples = {"digits.npz", "LICENSE-digits.txt", "adder.py"}
    assert {"terpret/py.typed", *(f"terpret/examples/{name}" for name in examples)} <= names
    assert any(name.endswith("licenses/LICENSE") for name in noted)


def test_an_sdist_holds_what_a_wheel_is_built_of_and_nothing_else(built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert sources() < names
    folders = {name.split("/")[0] for name in names if "/" in name}
    assert folders == {*PACKAGES, "neural_terpret.egg-info"}
    assert {"LICENSE", "README.md", "CHANGELOG.md", "CITATION.cff"} < names


def test_a_wheel_declares_what_the_requirements_do(about: Message) -> None:
    def lines(name: str) -> set[str]:
        text = (ROOT / name).read_text(encoding="utf-8")
        return {line for line in text.splitlines() if line and line[0] not in "#-"}

    def parts(line: str) -> tuple[str, frozenset[str]]:
        name, bounds = re.fullmatch(r"([\w-]+)(.*)", line).groups()
        return name, frozenset(bounds.split(","))

    declared = about.get_all("Requires-Dist")
    plain = {parts(line) for line in declared if ";" not in line}
    assert plain == {parts(line) for line in lines("requirements-library.txt")}
    for name in ("paper", "exact"):
        extra = {parts(one.split(";")[0]) for one in declared if f'extra == "{name}"' in one}
        assert extra == {parts(line) for line in lines(f"requirements-{name}.txt")}
    assert about["Name"] == "neural-terpret" and about["Version"] == terpret.__version__
    assert set(about["Requires-Python"].split(",")) == {">=3.11", "<3.14"}


@pytest.mark.parametrize("folder", ["benchmarks", "tools"])
def test_scripts_beside_the_package_import_what_there_is(folder: str) -> None:
    ours = {*PACKAGES, "baselines", "datasets", "experiments"}
    for path in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in ours:
                there = importlib.import_module(node.module)
                for alias in node.names:
                    inside = f"{node.module}.{alias.name}"
                    known = hasattr(there, alias.name) or importlib.util.find_spec(inside)
                    assert known, f"{path.name} imports {inside}"


def test_the_library_imports_only_what_it_declares() -> None:
    files = "requirements-library.txt", "requirements-exact.txt"
    text = "\n".join((ROOT / name).read_text(encoding="utf-8") for name in files)
    declared = set(re.findall(r"^[\w-]+", text, re.MULTILINE))
    owners = metadata.packages_distributions()
    for path in (path for package in PACKAGES for path in (ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            else:
                continue
            for name in (name.split(".")[0] for name in names):
                # Editors know `_typeshed`; nothing imports it.
                if name in {*sys.stdlib_module_names, *PACKAGES, "_typeshed"}:
                    continue
                assert declared & set(owners.get(name, [])), f"{path} imports {name}"


def test_changes_and_citation_are_of_this_version() -> None:
    assert f"## [{terpret.__version__}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {terpret.__version__}\n" in citation


@pytest.mark.usefixtures("libraries")
def test_the_installed_command_works_in_any_folder(installed: Path, tmp_path: Path) -> None:
    command = installed / "terpret"
    assert done(command, "--version") == f"neural-terpret {terpret.__version__}\n"
    assert done(command, "--help", cwd=tmp_path).startswith("usage: terpret ")
    write = "open('adder.py', 'w').write(terpret.examples.model('adder'))"
    done(installed / "python", "-c", f"import terpret; {write}", cwd=tmp_path)
    told = done(command, "check", "adder.py", cwd=tmp_path)
    assert told == "adder.py: no errors, 0 warnings\n"
    wrong = ran(command, "check", "added.py", cwd=tmp_path)
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert wrong.stderr.startswith("added.py:1:1: error[E101]: cannot read the model: ")


@pytest.mark.usefixtures("libraries")
def test_installed_digits_and_models_are_those_of_the_package(
    installed: Path, tmp_path: Path
) -> None:
    told = done(
        installed / "python",
        "-c",
        "from terpret import examples; import terpret, ntpt_models;"
        "print(examples.digits().images.shape, ntpt_models.shipped_path('turing'),"
        " terpret.__file__)",
        cwd=tmp_path,
    )
    shape, *paths = told.rsplit(maxsplit=2)
    assert shape == "(1415, 28, 28)"
    assert all(Path(path).is_relative_to(installed.parent.resolve()) for path in paths)
    assert Path(paths[0]).is_file()


def test_an_installed_command_without_its_packages_says_how_to_have_them(installed: Path) -> None:
    told = ran(installed / "terpret", "--version")
    assert (told.returncode, told.stdout) == (1, "")
    assert told.stderr.count("\n") == 1 and " has no package numpy: " in told.stderr
    assert told.stderr.endswith("python -m pip install neural-terpret first\n")


def test_a_run_needs_no_library_of_the_paper(monkeypatch: pytest.MonkeyPatch) -> None:
    version = metadata.version

    def without(name: str) -> str:
        if name == "tensorflow-datasets":
            raise metadata.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(metadata, "version", without)
    assert set(described.versions()) == {"python", "tensorflow", "numpy", "platform"}


@pytest.mark.soak
def test_in_an_empty_environment_pip_brings_all_that_the_package_needs(
    wheel: Path, tmp_path: Path
) -> None:
    python = tmp_path / "new" / Path(sysconfig.get_path("scripts")).name / "python"
    done(sys.executable, "-m", "venv", tmp_path / "new")
    tried = ["download", "--quiet", "--no-deps", "--dest", tmp_path / "tried", "filelock"]
    if ran(python, "-m", "pip", *tried).returncode:
        pytest.skip("no package registry is reached")
    done(python, "-m", "pip", "install", "--quiet", wheel)
    done(python, "-m", "pip", "check")
    every = (
        "import pkgutil, terpret, ntpt_models\n"
        "for module in pkgutil.walk_packages(terpret.__path__, 'terpret.'):\n"
        # The one waits for a command that releases signals; another is a model, not Python; the
        # last is for the extra `exact`.
        "    other = ('terpret.hold', 'terpret.examples.adder', 'terpret.backends.exact.child')\n"
        "    if module.name not in other:\n"
        "        __import__(module.name)\n"
        "open('adder.py', 'w').write(terpret.examples.model('adder'))\n"
    )
    done(python, "-c", every, cwd=tmp_path)
    told = done(python.with_name("terpret"), "check", "adder.py", cwd=tmp_path)
    assert told == "adder.py: no errors, 0 warnings\n"
    assert "einsum" in done(python.with_name("terpret"), "dump", "adder.py", cwd=tmp_path)
