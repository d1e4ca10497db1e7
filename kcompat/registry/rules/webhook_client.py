"""How webhooks are reached: URLs, services, trusted certificates (apiserver pkg/util/webhook). Called by the rules of their kinds."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from kcompat.apimachinery.field import FieldError, Path, invalid, required
from kcompat.apimachinery.names import is_dns1123_subdomain, is_valid_port_number
from kcompat.apimachinery.quote import quote
from kcompat.registry.declare import Tree
from kcompat.registry.rules.certificates import blocks, certificate

_FORM = "; desired format: https://host[/path]"
_BAD_ESCAPE = re.compile("%(?![0-9a-fA-F]{2}).{0,2}")


def url_errors(url: str, path: Path) -> list[FieldError]:
    """ValidateWebhookURL: https and nothing but a host and a path."""
    if bad := _BAD_ESCAPE.search(url):
        return [required(path, f"url must be a valid URL: parse {quote(url)}: invalid URL escape {quote(bad[0])}{_FORM}")]
    try:
        parts = urlsplit(url)
    except ValueError:
        return [required(path, f"url must be a valid URL: parse {quote(url)}: invalid URL{_FORM}")]
    user, _, host = parts.netloc.rpartition("@")
    errors = [] if parts.scheme == "https" else [invalid(path, parts.scheme, f"'https' is the only allowed URL scheme{_FORM}")]
    errors += [] if host else [invalid(path, host, f"host must be specified{_FORM}")]
    others = ((user, "user information is"), (parts.fragment, "fragments are"), (parts.query, "query parameters are"))
    return errors + [invalid(path, value, f"{what} not permitted in the URL") for value, what in others if value]


def service_errors(service: Tree, path: Path) -> list[FieldError]:
    """ValidateWebhookService."""
    errors = [required(path.child(name)) for name in ("name", "namespace") if not service.get(name)]
    port, route = service["port"], service.get("path") or ""
    if problems := is_valid_port_number(port):
        errors.append(invalid(path.child("port"), port, f"port is not valid: {', '.join(problems)}"))
    return errors + [invalid(path.child("path"), route, problem) for problem in _route_problems(route)]


def _route_problems(route: str) -> list[str]:
    if route in ("", "/"):
        return []
    if route == "//":
        return ["segment[0] may not be empty"]
    problems = [] if route.startswith("/") else ["must start with a '/'"]
    for index, step in enumerate(route[1:].removesuffix("/").split("/")):
        messages = [f": {message}" for message in is_dns1123_subdomain(step)] if step else [" may not be empty"]
        problems += [f"segment[{index}]{message}" for message in messages]
    return problems


def is_bundle(pem: bytes) -> bool:
    """Whether the PEM text has certificates, and only good ones (ValidateCABundle)."""
    found = [certificate(block) for block in blocks(pem) if block.kind == "CERTIFICATE" and not block.headers]
    return bool(found) and None not in found
