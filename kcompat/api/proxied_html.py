"""Links in pages that come through the proxy. Called by `proxying.py`. Upstream: apimachinery pkg/util/proxy/transport.go:rewriteHTML."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

_LINKED = {
    "a": "href", "applet": "codebase", "area": "href", "audio": "src", "base": "href", "blockquote": "cite", "body": "background", "button": "formaction",
    "command": "icon", "del": "cite", "embed": "src", "form": "action", "frame": "longdesc|src", "head": "profile",
    "html": "manifest", "iframe": "longdesc|src", "img": "longdesc|src|usemap",
    "input": "src|usemap|formaction", "ins": "cite", "link": "href", "object": "classid|codebase|data|usemap", "q": "cite",
    "script": "src", "source": "src", "video": "poster|src",
}  # fmt: skip
_TAG = re.compile(rb"<([A-Za-z][A-Za-z0-9]*)((?:\s+[^\s=>]+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s>]*))?)*\s*/?)>")
_ATTRIBUTE = re.compile(r"(\s)([^\s=>/]+)(\s*=\s*)(\"[^\"]*\"|'[^']*'|[^\s>]*)")


def rewritten(page: bytes, link: Callable[[str], str]) -> bytes:
    """The page with every attribute that holds an address passed through `link`."""

    def tag(match: re.Match[bytes]) -> bytes:
        names = _LINKED.get(match[1].decode().lower(), "").split("|")

        def attribute(found: re.Match[str]) -> str:
            if found[2].lower() not in names:
                return found[0]
            value = html.unescape(found[4].strip("\"'"))
            return f'{found[1]}{found[2]}="{html.escape(link(value))}"'

        attributes = _ATTRIBUTE.sub(attribute, match[2].decode("utf-8", "surrogateescape"))
        return b"<%b%b>" % (match[1], attributes.encode("utf-8", "surrogateescape"))

    return _TAG.sub(tag, page)
