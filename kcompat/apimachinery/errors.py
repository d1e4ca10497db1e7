"""Errors of the API as v1 Status objects, with upstream's reasons, details and texts (apimachinery pkg/api/errors).

Raised anywhere below the API; the pipeline answers with `status()` and `headers`. Every constructor returns the error, it does not raise.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from kcompat.apimachinery.field import FieldError, aggregate, to_causes
from kcompat.apimachinery.quote import quote


class StatusError(Exception):
    """An answer that is not a success. `details` is the Status' details as they go on the wire, None where upstream sends none."""

    def __init__(
        self, code: int, reason: str, message: str, details: dict[str, Any] | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
        self.headers: dict[str, str] = dict(headers or {})
        self.list_metadata: dict[str, Any] = {}
        """metadata of the Status: the continue token of a list that can only go on inconsistently."""
        if details and (retry := details.get("retryAfterSeconds")):
            self.headers.setdefault("Retry-After", str(retry))

    def status(self) -> dict[str, Any]:
        """The v1 Status, keys in upstream's order, empty ones left out."""
        status: dict[str, Any] = {"kind": "Status", "apiVersion": "v1", "metadata": self.list_metadata, "status": "Failure"}
        if self.message:
            status["message"] = self.message
        if self.reason:
            status["reason"] = self.reason
        if self.details is not None:
            status["details"] = self.details
        return status | {"code": self.code}

    def has_cause(self, reason: str) -> bool:
        """Is one of the causes of this type (upstream: HasStatusCause)?"""
        return any(cause.get("reason") == reason for cause in (self.details or {}).get("causes", ()))


def from_status(status: Mapping[str, Any]) -> StatusError:
    """The error that a received v1 Status object stands for; clients use it (upstream: FromObject)."""
    return StatusError(int(status.get("code", 500)), status.get("reason", ""), status.get("message", ""), status.get("details"))


def qualified(group: str, resource: str) -> str:
    """A group's resource or kind as messages name it: `deployments.apps`, `pods`."""
    return f"{resource}.{group}" if group else resource


def _details(
    group: str = "", kind: str = "", name: str = "", *, uid: str = "", causes: Sequence[Mapping[str, Any]] = (), retry: int = 0
) -> dict[str, Any]:
    named = {"name": name, "group": group, "kind": kind, "uid": uid, "causes": list(causes), "retryAfterSeconds": retry}
    return {key: value for key, value in named.items() if value}


def not_found(group: str, resource: str, name: str) -> StatusError:
    return StatusError(404, "NotFound", f"{qualified(group, resource)} {quote(name)} not found", _details(group, resource, name))


def already_exists(group: str, resource: str, name: str) -> StatusError:
    return StatusError(409, "AlreadyExists", f"{qualified(group, resource)} {quote(name)} already exists", _details(group, resource, name))


def generate_name_conflict(group: str, resource: str, name: str, retry_after: int) -> StatusError:
    message = f"{qualified(group, resource)} {quote(name)} already exists, the server was not able to generate a unique name for the object"
    return StatusError(409, "AlreadyExists", message, _details(group, resource, name, retry=retry_after))


def unauthorized(message: str = "") -> StatusError:
    return StatusError(401, "Unauthorized", message or "not authorized")


def forbidden(group: str, resource: str, name: str, message: str) -> StatusError:
    subject = qualified(group, resource)
    if not subject:
        text = f"forbidden: {message}"
    elif not name:
        text = f"{subject} is forbidden: {message}"
    else:
        text = f"{subject} {quote(name)} is forbidden: {message}"
    return StatusError(403, "Forbidden", text, _details(group, resource, name))


def conflict(group: str, resource: str, name: str, message: str) -> StatusError:
    text = f"Operation cannot be fulfilled on {qualified(group, resource)} {quote(name)}: {message}"
    return StatusError(409, "Conflict", text, _details(group, resource, name))


def apply_conflict(causes: Sequence[Mapping[str, Any]], message: str) -> StatusError:
    return StatusError(409, "Conflict", message, _details(causes=causes))


def gone(message: str) -> StatusError:
    return StatusError(410, "Gone", message)


def expired(message: str) -> StatusError:
    return StatusError(410, "Expired", message)


def invalid(group: str, kind: str, name: str, errors: Sequence[FieldError]) -> StatusError:
    """422: every broken rule is a cause, and the message lists the distinct ones."""
    text = f"{qualified(group, kind)} {quote(name)} is invalid"
    if errors:
        text = f"{text}: {aggregate(errors)}"
    return StatusError(422, "Invalid", text, _details(group, kind, name, causes=to_causes(errors)))


def bad_request(message: str) -> StatusError:
    return StatusError(400, "BadRequest", message)


def too_many_requests(message: str, retry_after: int) -> StatusError:
    return StatusError(429, "TooManyRequests", message, _details(retry=retry_after))


def service_unavailable(message: str) -> StatusError:
    return StatusError(503, "ServiceUnavailable", message)


def method_not_supported(group: str, resource: str, action: str) -> StatusError:
    text = f"{action} is not supported on resources of kind {quote(qualified(group, resource))}"
    return StatusError(405, "MethodNotAllowed", text, _details(group, resource))


def server_timeout(group: str, resource: str, action: str, retry: int) -> StatusError:
    text = f"The {action} operation against {qualified(group, resource)} could not be completed at this time, please try again."
    return StatusError(500, "ServerTimeout", text, _details(group, resource, action, retry=retry))


def internal_error(message: str) -> StatusError:
    return StatusError(500, "InternalError", f"Internal error occurred: {message}", _details(causes=[{"message": message}]))


def timeout(message: str, retry: int) -> StatusError:
    return StatusError(504, "Timeout", f"Timeout: {message}", _details(retry=retry))


def request_entity_too_large(message: str) -> StatusError:
    return StatusError(413, "RequestEntityTooLarge", f"Request entity too large: {message}")


def not_acceptable(message: str) -> StatusError:
    """406; the message names the accepted media types (apiserver endpoints/handlers/negotiation)."""
    return StatusError(406, "NotAcceptable", message)


def unsupported_media_type(message: str) -> StatusError:
    """415; the message names the accepted media types (apiserver endpoints/handlers/negotiation)."""
    return StatusError(415, "UnsupportedMediaType", message)


_GENERIC = {
    400: ("BadRequest", "the server rejected our request for an unknown reason"),
    401: ("Unauthorized", "the server has asked for the client to provide credentials"),
    404: ("NotFound", "the server could not find the requested resource"),
    405: ("MethodNotAllowed", "the server does not allow this method on the requested resource"),
    409: ("Conflict", "the server reported a conflict"),
    422: ("Invalid", "the server rejected our request due to an error in our request"),
    429: ("TooManyRequests", "the server has received too many requests and has asked us to try again later"),
    503: ("ServiceUnavailable", "the server is currently unable to handle the request"),
    504: ("Timeout", "the server was unable to return a response in the time allotted, but may still be processing the request"),
}


def _generic_reason(code: int, verb: str, server_message: str) -> tuple[str, str]:
    if code == 409 and verb.upper() == "POST":
        return "AlreadyExists", _GENERIC[code][1]
    if code in _GENERIC:
        return _GENERIC[code]
    if code == 406 and server_message in ("", "unknown"):
        return "NotAcceptable", "the server was unable to respond with a content type that the client supports"
    if code in (403, 406, 415):
        return {403: "Forbidden", 406: "NotAcceptable", 415: "UnsupportedMediaType"}[code], server_message
    if code >= 500:
        return "InternalError", f"an error on the server ({quote(server_message)}) has prevented the request from succeeding"
    return "", f"the server responded with the status code {code} but did not return more information"


def generic(
    code: int, verb: str, group: str, resource: str, name: str, message: str, retry_after: int = 0, *, unexpected: bool = False
) -> StatusError:
    """An answer that only has a code (upstream: NewGenericServerResponse); unexpected: keep the server's own text as a cause."""
    reason, text = _generic_reason(code, verb, message)
    if subject := qualified(group, resource):
        text = f"{text} ({' '.join(filter(None, (verb.lower(), subject, name)))})"
    causes = [{"reason": "UnexpectedServerResponse", "message": message}] if unexpected else []
    return StatusError(code, reason, text, _details(group, resource, name, causes=causes, retry=retry_after))


def success(details: dict[str, Any] | None = None, code: int = 200) -> dict[str, Any]:
    """The Status object of a deletion that is done; details name the object: name, group, kind (the resource), uid."""
    status: dict[str, Any] = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
    if details is not None:
        status["details"] = {key: value for key, value in details.items() if value}
    return status if code == 200 else status | {"code": code}
