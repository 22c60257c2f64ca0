"""Builds the site into dist/site: the playground, and the engine that it loads.

    make site

The engine is Python with fad, the standard compiler, and the standard libraries with their parse
trees. All of it comes from this checkout, from web/node_modules and from the installed packages,
and nothing comes from elsewhere when the site is used. Files that get smaller have a copy with
`.gz` at the end, which `make page`, as static hosts do, sends to those that take it.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import distribution
from importlib.util import find_spec
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

ROOT = Path(__file__).resolve().parents[1]
WEB = ROOT / "web"
SITE = ROOT / "dist" / "site"
ENGINE = SITE / "engine"

#: The parts of fad that no page asks for: they need what a page does not have.
LEFT_OUT = ("batches", "cli", "fitting", "jax", "losses", "model", "reporting", "torch")
#: What fad needs, as far as a page has it.
PACKAGES = ("lark", "platformdirs")
#: Files that Python reads.
READ = (".lark", ".lib", ".py")
#: Where the standard libraries are, here and in the page: fad looks for them there.
STANDARD = Path("cyfaust") / "resources" / "libraries"
#: Folder of the engine -> where its files come from, and which.
FOREIGN: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "pyodide": (
        "pyodide",
        (
            *("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm"),
            *("pyodide-lock.json", "python_stdlib.zip"),
        ),
    ),
    "faust": ("@grame/faustwasm/libfaust-wasm", ("libfaust-wasm.js", "libfaust-wasm.wasm")),
}
#: Parses the files that it is given, and keeps the trees.
PREPARE = """
import sys
from fad.syntax.libraries import Libraries
for path in sys.argv[1:]:
    Libraries().load(path)
"""
#: Megabytes that are fetched at most: before the first transform, and in all.
MOST_FIRST, MOST = 12.0, 30.0
#: Below so many bytes, a compressed copy is not worth a file.
_SMALL = 1024
#: The time of all files in archives: equal contents are equal archives.
_TIME = (1980, 1, 1, 0, 0, 0)


def main() -> None:
    """Builds everything."""
    shutil.rmtree(SITE, ignore_errors=True)
    ENGINE.mkdir(parents=True)
    run(sys.executable, "site/docs.py", str(SITE), folder=ROOT)
    fetch_modules()
    copy_foreign()
    archive(ENGINE / "python.zip", python_files())
    with tempfile.TemporaryDirectory() as cache:
        prepare(Path(cache), libraries())
        archive(ENGINE / "libraries.zip", library_files(Path(cache)))
    run("npm", "run", "--silent", "build", folder=WEB)
    write_manifest()
    compress()
    tell_sizes()


def fetch_modules() -> None:
    """Installs what web/package-lock.json says, unless that is there."""
    kept = WEB / "node_modules" / ".package-lock.json"
    lock = WEB / "package-lock.json"
    if not kept.exists() or kept.stat().st_mtime < lock.stat().st_mtime:
        run("npm", "ci", "--silent", folder=WEB)


def copy_foreign() -> None:
    """Copies Python and the standard compiler, as WebAssembly."""
    for folder, (package, names) in FOREIGN.items():
        (ENGINE / folder).mkdir()
        for name in names:
            shutil.copyfile(WEB / "node_modules" / package / name, ENGINE / folder / name)


def python_files() -> Iterator[tuple[str, bytes]]:
    """What goes onto Python's search path: names and contents."""
    for path in files_of(ROOT / "fad"):
        parts = path.relative_to(ROOT / "fad").parts
        if path.suffix in READ and parts[0] not in LEFT_OUT:
            yield "/".join(("fad", *parts)), path.read_bytes()
    for package in PACKAGES:
        folder = folder_of(package)
        for path in files_of(folder):
            if path.suffix in READ and "tests" not in path.parts:
                yield f"{package}/{path.relative_to(folder).as_posix()}", path.read_bytes()
    for path in files_of(WEB / "python"):
        if path.suffix in READ:
            yield path.relative_to(WEB / "python").as_posix(), path.read_bytes()
    # The command line tells which libraries a program was made with; so does a page.
    version = distribution("cyfaust").version
    metadata = f"Metadata-Version: 2.1\nName: cyfaust\nVersion: {version}\n"
    yield f"cyfaust-{version}.dist-info/METADATA", metadata.encode()


def prepare(cache: Path, paths: Iterable[Path]) -> None:
    """Parses files, and puts what fad keeps of that into a folder."""
    environment = {**os.environ, "FAD_CACHE_DIR": str(cache), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", PREPARE, *map(str, paths)]
    run(*command, folder=ROOT, environment=environment)


def libraries() -> list[Path]:
    """The standard libraries, and fad's own."""
    folders = (folder_of("cyfaust").parent / STANDARD, ROOT / "fad" / "lib")
    return [path for folder in folders for path in sorted(folder.glob("*.lib"))]


def library_files(cache: Path) -> Iterator[tuple[str, bytes]]:
    """The standard libraries where fad looks for them, and their parse trees: names, contents."""
    for path in sorted((folder_of("cyfaust").parent / STANDARD).glob("*.lib")):
        yield (STANDARD / path.name).as_posix(), path.read_bytes()
    for path in files_of(cache):
        yield f"cache/{path.name}", path.read_bytes()


def folder_of(package: str) -> Path:
    """Where an installed package is, which is not imported for that."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit(f"there is no package `{package}`: `make venv` installs it")
    return Path(next(iter(spec.submodule_search_locations)))


def files_of(folder: Path) -> list[Path]:
    """All files in a folder and in those inside it."""
    paths = sorted(folder.rglob("*"))
    return [path for path in paths if path.is_file() and "__pycache__" not in path.parts]


def archive(path: Path, files: Iterable[tuple[str, bytes]]) -> None:
    """Writes a zip file that is the same for the same contents."""
    with ZipFile(path, "w") as made:
        for name, data in files:
            made.writestr(ZipInfo(name, _TIME), data, ZIP_DEFLATED, 9)


def write_manifest() -> None:
    """Tells the page how many bytes each file of the engine has, before compression."""
    sizes = {path.relative_to(ENGINE).as_posix(): path.stat().st_size for path in files_of(ENGINE)}
    (ENGINE / "manifest.json").write_text(json.dumps(sizes, indent=1) + "\n", "utf-8")


def compress() -> None:
    """Writes a compressed copy beside each file that gets smaller by it."""
    for path in files_of(SITE):
        data = path.read_bytes()
        if len(data) >= _SMALL and len(made := gzip.compress(data, 9, mtime=0)) < 0.95 * len(data):
            path.with_name(f"{path.name}.gz").write_bytes(made)


def tell_sizes() -> None:
    """Prints what is fetched, and makes sure that it is not too much."""
    sent = {
        path: min(path.stat().st_size, compressed.stat().st_size)
        if (compressed := path.with_name(f"{path.name}.gz")).exists()
        else path.stat().st_size
        for path in files_of(SITE)
        if path.suffix != ".gz"
    }
    parts: dict[str, int] = {}
    for path, size in sent.items():
        parts.setdefault(part := path.relative_to(SITE).parts[0], 0)
        parts[part] += size
    for path, size in sorted(sent.items(), key=lambda each: -each[1])[:8]:
        print(f"{size / 1e6:6.2f} MB  {path.relative_to(SITE).as_posix()}")
    whole = sum(sent.values()) / 1e6
    # All of the engine, and of the playground, is there before the first transform.
    first = (parts.get("engine", 0) + parts.get("playground", 0)) / 1e6
    print(f"{first:6.2f} MB  before the first transform, {whole:.2f} MB in all, as sent")
    if first > MOST_FIRST or whole > MOST:
        raise SystemExit(f"that is too much: {MOST_FIRST:g} MB and {MOST:g} MB are what is allowed")


def run(*command: str, folder: Path, environment: Mapping[str, str] | None = None) -> None:
    """Runs a command; when it fails, that ends the build.

    Raises:
        SystemExit: it fails, or is not there.
    """
    try:
        subprocess.run(command, cwd=folder, env=environment, check=True)
    except FileNotFoundError:
        raise SystemExit(f"there is no `{command[0]}`, which the site is built with") from None
    except subprocess.CalledProcessError as error:
        raise SystemExit(f"`{' '.join(command[:3])}` failed ({error.returncode})") from None


if __name__ == "__main__":
    main()
