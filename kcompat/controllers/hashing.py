"""Short names for the content of templates and revisions. Used by the controllers that keep a history (upstream: ComputeHash)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from kcompat.apimachinery.clock import SUFFIX_ALPHABET


def content_hash(tree: Mapping[str, Any], collisions: int | None) -> str:
    """A label value that stands for a tree: FNV-1a of its canonical JSON in the letters of generated names.

    Upstream hashes Go's dump of the struct, which nobody depends on: what has the same content is found by comparing it.
    """
    digest = 0x811C9DC5
    salt = b"" if collisions is None else collisions.to_bytes(8, "little")
    for byte in orjson.dumps(tree, option=orjson.OPT_SORT_KEYS) + salt:
        digest = ((digest ^ byte) * 0x01000193) & 0xFFFFFFFF
    return "".join(SUFFIX_ALPHABET[ord(digit) % len(SUFFIX_ALPHABET)] for digit in str(digest))
