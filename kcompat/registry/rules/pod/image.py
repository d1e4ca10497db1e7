"""Image references: which tag an image has and so whether it is pulled always. Called by defaults and warnings.

Answers pkg/util/parsers/parsers.go:ParseImageName and github.com/distribution/reference, whose grammar this is.
"""

import re
from functools import lru_cache

_PART = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN = rf"(?:{_PART}(?:\.{_PART})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_NAME = rf"(?:{_DOMAIN}/)?({_COMPONENT}(?:/{_COMPONENT})*)"
_TAG = r"[0-9A-Za-z_][0-9A-Za-z_.-]{0,127}"
_DIGEST = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}"

_reference = re.compile(rf"{_NAME}(?::({_TAG}))?(?:@({_DIGEST}))?").fullmatch
_identifier = re.compile("[a-f0-9]{64}").fullmatch
_digest = re.compile("sha256:[a-f0-9]{64}|sha384:[a-f0-9]{96}|sha512:[a-f0-9]{128}").fullmatch


@lru_cache(maxsize=4096)
def tag_of(image: str) -> str | None:
    """The tag, `latest` when there is neither tag nor digest, "" when there is only a digest; None if it is no image reference."""
    if _identifier(image):
        return None
    domain, remainder = _split_domain(image)
    match = _reference(f"{domain}/{remainder}")
    if match is None or len(match[1]) > 255 or (match[3] and not _digest(match[3])):
        return None
    return match[2] or ("" if match[3] else "latest")


def _split_domain(image: str) -> tuple[str, str]:
    """Domain and rest with Docker Hub's shorthands written out (splitDockerDomain)."""
    first, slash, rest = image.partition("/")
    if not slash:
        return "docker.io", "library/" + image
    if first in ("docker.io", "index.docker.io") or not (first == "localhost" or any(c in ".:" for c in first) or first != first.lower()):
        remainder = rest if first in ("docker.io", "index.docker.io") else image
        return "docker.io", remainder if "/" in remainder else "library/" + remainder
    return first, rest


@lru_cache(maxsize=4096)
def default_pull_policy(image: str) -> str:
    """Always for `latest`, IfNotPresent for everything else, what cannot be parsed included."""
    return "Always" if tag_of(image) == "latest" else "IfNotPresent"
