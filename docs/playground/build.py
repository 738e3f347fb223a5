"""Build the playground, a folder of plain files in which Python runs in the browser: ``build.py --out DIR``.

Pyodide and Viz.js come from npm, at the versions and with the checksums of `package-lock.json`, once: they are kept in
the user's cache. The engine is packed as it is here, with the one package that its drawings need. The page asks no
other host for anything.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import graphviz

from autograd.draw.explorer.theme import variables

if TYPE_CHECKING:
    from sphinx.application import Sphinx

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PYODIDE = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json")
PACKED = (".py", ".js", ".css", ".html", ".pyi")
LINK_TO_MAP = re.compile(rb"\n//# sourceMappingURL=.*")  # a map that is not there
EARLIEST = (1980, 1, 1, 0, 0, 0)  # the time of every file in an archive, so that two builds are the same
#: What stands in the playground's place where it could not be built.
LEFT_OUT = """<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>No playground</title>
<p>This copy of the site was built without the playground, since what it needs from npm had not been fetched:
<code>python docs/playground/build.py --out build/playground</code> does that. <a href="../playground.html">Back</a></p>
"""


class PackagesMissingError(RuntimeError):
    """Raised where what npm brings is not there and cannot be had."""


def cache() -> Path:
    """Return the folder in which npm's packages are kept, one for each state of the lock file."""
    state = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()[:12]
    kept = os.environ.get("XDG_CACHE_HOME") or (os.environ.get("LOCALAPPDATA") if os.name == "nt" else None)
    return Path(kept or Path.home() / ".cache") / "edgegrad" / f"playground-{state}"


def fetch_packages() -> Path:
    """Return the folder of npm's packages, after fetching them where they are not there yet.

    Raises:
        PackagesMissingError: npm is not there, or gets no answer.
    """
    folder = cache()
    if not (folder / "complete").exists():
        npm = shutil.which("npm")
        if npm is None:
            raise PackagesMissingError("npm is not installed")
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, folder)
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600, check=False)
        if done.returncode:
            raise PackagesMissingError(f"npm could not fetch its packages: {done.stderr.strip()[-500:]}")
        (folder / "complete").touch()
    return folder / "node_modules"


def find_packages() -> Path | None:
    """Return the folder of npm's packages where they have been fetched."""
    return cache() / "node_modules" if (cache() / "complete").exists() else None


def archive() -> bytes:
    """Pack the engine as the worker unpacks it, and the package that writes its DOT text."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for package in (ROOT / "autograd", Path(graphviz.__file__).parent):
            for path in sorted(package.rglob("*")):
                if path.is_file() and path.suffix in PACKED:
                    entry = zipfile.ZipInfo(path.relative_to(package.parent).as_posix(), EARLIEST)
                    file.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def examples() -> dict[str, tuple[str, str]]:
    """Return each example's title and program by its name, in the order of the lectures."""
    found = {}
    paths = (HERE / "examples").glob("*.py")
    for path in sorted(paths, key=lambda path: [int(number) for number in re.findall(r"\d+", path.stem)]):
        title, _, program = path.read_text(encoding="utf-8").partition("\n")
        found[path.stem] = title.removeprefix("# "), program.rstrip()
    return found


def build(out: Path, packages: Path) -> None:
    """Write the folder.

    Args:
        out: where to; what lies there under the same names is overwritten.
        packages: npm's packages.
    """
    (out / "pyodide").mkdir(parents=True, exist_ok=True)
    for name in PYODIDE:
        content = (packages / "pyodide" / name).read_bytes()
        (out / "pyodide" / name).write_bytes(LINK_TO_MAP.sub(b"", content) if name.endswith(".mjs") else content)
    viz = (packages / "@viz-js" / "viz" / "dist" / "viz.js").read_bytes()
    (out / "viz.js").write_bytes(LINK_TO_MAP.sub(b"", viz))
    (out / "autograd.zip").write_bytes(archive())
    for name in ("worker.js", "playground.js", "runner.py"):
        shutil.copyfile(HERE / name, out / name)
    style = variables() + (HERE / "playground.css").read_text(encoding="utf-8")
    (out / "playground.css").write_text(style, encoding="utf-8")
    programs = examples()
    options = "\n".join(
        f'      <option value="{name}">{escape(title)}</option>' for name, (title, _) in programs.items()
    )
    page = (HERE / "index.html").read_text(encoding="utf-8").replace("{{examples}}", options)
    (out / "index.html").write_text(page, encoding="utf-8")
    listed = json.dumps([(name, program) for name, (_, program) in programs.items()], ensure_ascii=False)
    (out / "examples.json").write_text(listed, encoding="utf-8")


def add_to_site(app: Sphinx, error: Exception | None) -> None:
    """Put the playground beside the site's pages, where npm's packages have been fetched; a build fetches nothing."""
    if error is not None or app.builder.format != "html":
        return
    folder, packages = Path(app.outdir) / "playground", find_packages()
    if packages is None:
        folder.mkdir(exist_ok=True)
        (folder / "index.html").write_text(LEFT_OUT, encoding="utf-8")
    else:
        build(folder, packages)


def setup(app: Sphinx) -> dict[str, bool]:
    """Build it after Sphinx has written the pages."""
    app.connect("build-finished", add_to_site)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def main() -> int:
    """Build into the folder that is named, or say why not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="the folder to write")
    out = parser.parse_args().out
    try:
        build(out, fetch_packages())
    except PackagesMissingError as error:
        print(f"No playground was built: {error}.", file=sys.stderr)
        return 1
    print(f"{out / 'index.html'}: serve the folder, python -m http.server -d {out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
