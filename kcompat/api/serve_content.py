"""A document whole, in part, or not again: conditional and range requests as Go's `http.ServeContent` answers them. Called by documents.py.

Upstream: net/http fs.go. Several ranges in one request get the whole document, which HTTP allows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Final

from kcompat.api.request import Request, Response

_UNIT: Final = "bytes="
_TAG: Final = re.compile(r'\s*(?:(\*)|((?:W/)?"[^"\s]*"))')
_RANGE: Final = re.compile(r"\s*(\d*)\s*-\s*(\d*)\s*")


def serve_content(request: Request, body: bytes, content_type: str, modified: datetime, headers: Mapping[str, str]) -> Response:
    """`modified`: when the document was made, UTC. `headers` hold its `ETag`, quoted, if it has one."""
    asked, tag = request.headers, headers.get("ETag", "")
    modified = modified.replace(microsecond=0)
    kept = {**headers, "Last-Modified": format_datetime(modified, usegmt=True)}
    reads = request.method in ("GET", "HEAD")
    if _refused(asked, tag, modified):
        return Response(412, b"", content_type, kept)
    if none := asked.get("If-None-Match"):
        if _matches(none, tag, weakly=True):
            return _not_modified(kept) if reads else Response(412, b"", content_type, kept)
    elif reads and (since := _moment(asked.get("If-Modified-Since"))) is not None and modified <= since:
        return _not_modified(kept)
    kept["Accept-Ranges"] = "bytes"
    wanted = asked.get("Range", "")
    if not wanted or (reads and not _unchanged(asked, tag, modified)):
        return Response(200, body, content_type, kept)
    return _ranged(body, content_type, kept, wanted)


def _not_modified(headers: dict[str, str]) -> Response:
    """The date says nothing that the tag does not."""
    return Response(304, b"", "", {name: value for name, value in headers.items() if name != "Last-Modified" or "ETag" not in headers})


def _refused(asked: Mapping[str, str], tag: str, modified: datetime) -> bool:
    """If-Match, else If-Unmodified-Since, does not hold."""
    if match := asked.get("If-Match"):
        return not _matches(match, tag, weakly=False)
    since = _moment(asked.get("If-Unmodified-Since"))
    return since is not None and modified > since


def _unchanged(asked: Mapping[str, str], tag: str, modified: datetime) -> bool:
    """If-Range holds, or is not there."""
    condition = asked.get("If-Range", "")
    return not condition or _matches(condition, tag, weakly=False) or _moment(condition) == modified


def _matches(listed: str, tag: str, *, weakly: bool) -> bool:
    """Whether a list of entity tags has this one, which is a strong one, or is `*`."""
    return any(star or (found.removeprefix("W/") if weakly else found) == tag for star, found in _tags(listed))


def _tags(listed: str) -> list[tuple[str, str]]:
    """(`*`, tag) of what can be read, up to what cannot."""
    found, at = [], 0
    while at < len(listed):
        if listed[at] in ", \t":
            at += 1
        elif match := _TAG.match(listed, at):
            found.append((match[1] or "", match[2] or ""))
            at = match.end()
        else:
            break
    return found


def _moment(text: str | None) -> datetime | None:
    """An HTTP date; None for anything else."""
    try:
        return parsedate_to_datetime(text) if text else None
    except ValueError:
        return None


def _ranged(body: bytes, content_type: str, headers: dict[str, str], wanted: str) -> Response:
    ranges = [part for part in wanted[len(_UNIT) :].split(",") if part.strip()] if wanted.startswith(_UNIT) else [""]
    try:
        found = [_span(part, len(body)) for part in ranges]
    except ValueError:
        return _unsatisfiable(headers, "invalid range")
    spans = [span for span in found if span is not None]
    if found and not spans:
        return _unsatisfiable(headers | {"Content-Range": f"bytes */{len(body)}"}, "invalid range: failed to overlap")
    if len(spans) != 1:
        return Response(200, body, content_type, headers)
    start, end = spans[0]
    headers["Content-Range"] = f"bytes {start}-{end - 1}/{len(body)}"
    return Response(206, body[start:end], content_type, headers)


def _span(part: str, size: int) -> tuple[int, int] | None:
    """(start, end) of a range; None when it begins after the end. Raises ValueError."""
    match = _RANGE.fullmatch(part)
    if match is None or not (match[1] or match[2]):
        raise ValueError(part)
    if not match[1]:
        return max(0, size - int(match[2])), size
    start, end = int(match[1]), int(match[2]) if match[2] else size - 1
    if start >= size:
        return None
    if start > end:
        raise ValueError(part)
    return start, min(end, size - 1) + 1


def _unsatisfiable(headers: dict[str, str], why: str) -> Response:
    kept = {name: value for name, value in headers.items() if name not in ("ETag", "Last-Modified", "Cache-Control", "Accept-Ranges")}
    return Response(416, f"{why}\n".encode(), "text/plain; charset=utf-8", kept | {"X-Content-Type-Options": "nosniff"})
