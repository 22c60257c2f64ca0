"""Whether a program compiles to WebAssembly.

The libfaust that comes with `cyfaust` has no such backend. The one that is compiled to WebAssembly
itself, the package `@grame/faustwasm` of node, has it: it is used where `FAUSTWASM` names a folder
in which it is installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess

_SCRIPT = """
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
const home = createRequire(process.env.FAUSTWASM + "/").resolve("@grame/faustwasm/package.json");
const root = pathToFileURL(home.slice(0, -"package.json".length)).href;
const { instantiateFaustModuleFromFile, LibFaust, FaustCompiler } =
    await import(root + "dist/esm/index.js");
const module = await instantiateFaustModuleFromFile(
    new URL(root + "libfaust-wasm/libfaust-wasm.js").pathname);
const compiler = new FaustCompiler(new LibFaust(module));
const text = readFileSync(0, "utf-8");
const made = await compiler.createMonoDSPFactory("program", text, "-ftz 2");
if (!made || !WebAssembly.validate(made.code)) process.exit(3);
"""


def compiles_to_webassembly(source: str) -> bool | None:
    """Whether the standard compiler makes valid WebAssembly of a program; `None` without one."""
    node = shutil.which("node")
    if node is None or "FAUSTWASM" not in os.environ:
        return None
    done = subprocess.run(
        [node, "--input-type=module", "-e", _SCRIPT],
        input=source,
        text=True,
        capture_output=True,
        timeout=120,
    )
    return done.returncode == 0
