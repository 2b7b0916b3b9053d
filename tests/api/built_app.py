"""A web app as `make web` leaves it, of a few bytes."""

import gzip
from pathlib import Path

INDEX = """<!doctype html>
<html lang="en">
  <head>
    <meta property="csp-nonce" content="__CSP_NONCE__" nonce="__CSP_NONCE__" />
    <title>Quarterdeck</title>
    <script type="module" src="/assets/index-3f2a91bc.js"></script>
  </head>
  <body><div id="app"></div></body>
</html>
"""
SCRIPT = b"document.title = 'built';\n" * 100
STYLE = b":root { color-scheme: light dark }\n"


def built_app(folder: Path) -> Path:
    """Made in `folder`, with a script that is packed already and things that are for nobody."""
    assets = folder / "assets"
    assets.mkdir(parents=True, exist_ok=True)
    (folder / "index.html").write_text(INDEX)
    (folder / "favicon.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    (folder / "manifest.json").write_text('{"of": "the build"}')
    (folder / ".env").write_text("SECRET=1")
    (assets / "index-3f2a91bc.js").write_bytes(SCRIPT)
    (assets / "index-3f2a91bc.js.gz").write_bytes(gzip.compress(SCRIPT, mtime=0))
    (assets / "index-3f2a91bc.js.br").write_bytes(b"as if by brotli")
    (assets / "index-77aa01de.css").write_bytes(STYLE)
    (assets / "inter-1c2d3e4f.woff2").write_bytes(b"wOF2" + bytes(range(256)) * 8)
    (assets / "notes.exe").write_bytes(b"MZ")
    return folder
