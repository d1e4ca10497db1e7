"""Status errors: shapes and texts of api/errors, as a client receives them."""

import pytest

from kcompat.apimachinery import errors
from kcompat.apimachinery.errors import StatusError
from kcompat.apimachinery.field import Path, invalid, required


@pytest.mark.parametrize(
    ("error", "code", "reason", "message", "details"),
    [
        (errors.not_found("apps", "deployments", "web"), 404, "NotFound", 'deployments.apps "web" not found',
         {"name": "web", "group": "apps", "kind": "deployments"}),
        (errors.not_found("", "pods", 'a"b'), 404, "NotFound", 'pods "a\\"b" not found', {"name": 'a"b', "kind": "pods"}),
        (errors.already_exists("", "pods", "a"), 409, "AlreadyExists", 'pods "a" already exists', {"name": "a", "kind": "pods"}),
        (errors.conflict("", "pods", "a", "why"), 409, "Conflict", 'Operation cannot be fulfilled on pods "a": why',
         {"name": "a", "kind": "pods"}),
        (errors.forbidden("", "", "", "why"), 403, "Forbidden", "forbidden: why", {}),
        (errors.forbidden("", "pods", "", "why"), 403, "Forbidden", "pods is forbidden: why", {"kind": "pods"}),
        (errors.forbidden("apps", "deployments", "a", "why"), 403, "Forbidden", 'deployments.apps "a" is forbidden: why',
         {"name": "a", "group": "apps", "kind": "deployments"}),
        (errors.unauthorized(), 401, "Unauthorized", "not authorized", None),
        (errors.expired("old"), 410, "Expired", "old", None),
        (errors.gone("old"), 410, "Gone", "old", None),
        (errors.bad_request("no"), 400, "BadRequest", "no", None),
        (errors.method_not_supported("apps", "x", "delete"), 405, "MethodNotAllowed",
         'delete is not supported on resources of kind "x.apps"', {"group": "apps", "kind": "x"}),
        (errors.internal_error("oh"), 500, "InternalError", "Internal error occurred: oh", {"causes": [{"message": "oh"}]}),
        (errors.request_entity_too_large("3"), 413, "RequestEntityTooLarge", "Request entity too large: 3", None),
        (errors.timeout("slow", 5), 504, "Timeout", "Timeout: slow", {"retryAfterSeconds": 5}),
        (errors.generic(422, "", "", "", "", "hidden"), 422, "Invalid",
         "the server rejected our request due to an error in our request", {}),
        (errors.generic(404, "GET", "apps", "x", "n", ""), 404, "NotFound",
         "the server could not find the requested resource (get x.apps n)", {"name": "n", "group": "apps", "kind": "x"}),
        (errors.generic(503, "POST", "", "", "", ""), 503, "ServiceUnavailable",
         "the server is currently unable to handle the request", {}),
        (errors.generic(502, "GET", "", "pods", "", "bad"), 502, "InternalError",
         'an error on the server ("bad") has prevented the request from succeeding (get pods)', {"kind": "pods"}),
        (errors.generic(418, "GET", "", "", "", ""), 418, "",
         "the server responded with the status code 418 but did not return more information", {}),
    ],
)  # fmt: skip
def test_each_error_is_upstreams(error: StatusError, code: int, reason: str, message: str, details: object) -> None:
    assert (error.code, error.reason, error.message, error.details) == (code, reason, message, details)


def test_status_leaves_out_what_is_empty_and_keeps_upstreams_order() -> None:
    status = errors.not_found("", "pods", "a").status()
    assert list(status) == ["kind", "apiVersion", "metadata", "status", "message", "reason", "details", "code"]
    assert list(errors.generic(418, "", "", "", "", "").status()) == [
        "kind",
        "apiVersion",
        "metadata",
        "status",
        "message",
        "details",
        "code",
    ]


def test_invalid_lists_distinct_messages_and_every_cause() -> None:
    broken = [required(Path("spec", "a"), "x"), required(Path("spec", "a"), "x"), invalid(Path("spec").index(0), 1, "y")]
    error = errors.invalid("apps", "Deployment", "web", broken)
    assert error.message == 'Deployment.apps "web" is invalid: [spec.a: Required value: x, spec[0]: Invalid value: 1: y]'
    assert error.details is not None
    assert len(error.details["causes"]) == 3
    assert error.has_cause("FieldValueRequired")
    assert not error.has_cause("FieldValueDuplicate")
    assert errors.invalid("", "Pod", "a", broken[:1]).message == 'Pod "a" is invalid: spec.a: Required value: x'
    assert errors.invalid("", "Pod", "a", []).message == 'Pod "a" is invalid'


def test_retry_after_becomes_a_header() -> None:
    assert errors.too_many_requests("slow down", 7).headers == {"Retry-After": "7"}
    assert errors.bad_request("x").headers == {}


def test_a_received_status_becomes_the_error_again() -> None:
    sent = errors.conflict("", "pods", "a", "why")
    assert errors.from_status(sent.status()).status() == sent.status()


def test_success_names_what_was_deleted() -> None:
    status = errors.success({"name": "a", "group": "", "kind": "pods", "uid": "u"})
    assert status == {
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": {"name": "a", "kind": "pods", "uid": "u"},
    }  # fmt: skip
