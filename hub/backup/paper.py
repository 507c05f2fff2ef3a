"""The private key on paper: a page that a browser prints, with a QR code and the text itself."""

import html
from typing import Final

import segno

_PAGE: Final = """<!doctype html>
<html lang="zh">
<head>
<meta charset="utf-8">
<title>义仓备份私钥 / Yicang backup key</title>
<style>
@page {{ size: A4; margin: 20mm }}
body {{ font: 12pt/1.5 sans-serif; color: #000; max-width: 165mm; margin: auto }}
svg {{ width: 70mm; height: 70mm; display: block; margin: 8mm 0 }}
code {{ font: 13pt/1.7 monospace; overflow-wrap: anywhere; display: block }}
</style>
</head>
<body>
<h1>义仓备份私钥<br>Yicang backup key</h1>
<p>没有这把私钥，谁也打不开备份；有它的人能读到备份里的一切。请锁好，放在中心以外的两个地方。</p>
<p>Without this key nobody opens a backup; whoever has it reads all that is in one. Keep it locked
away in two places, neither of them beside the hub.</p>
{qr}
<p>私钥 / private key</p>
<code>{private}</code>
<p>公钥 / public key</p>
<code>{public}</code>
<p>恢复：把私钥那一行存成文件 KEY，停止中心，运行<br>
To restore: save the private key's line as a file KEY, stop the hub, and run</p>
<code>yicang hub restore FILE --key KEY</code>
</body>
</html>
"""


def page(private: str, public: str) -> str:
    """HTML of one page of A4; it fetches nothing."""
    qr = segno.make(private, error="q", micro=False).svg_inline(scale=1, border=4, omitsize=True)
    return _PAGE.format(qr=qr, private=_grouped(private), public=html.escape(public))


def _grouped(key: str) -> str:
    """A break may come after every few characters, without one that would be typed."""
    return "<wbr>".join(html.escape(key[i : i + 5]) for i in range(0, len(key), 5))
