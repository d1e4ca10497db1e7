"""PodCertificateRequest (upstream: pkg/registry/certificates/podcertificaterequest, pkg/apis/certificates/validation).

What an issued certificate must be is checked in rules/pod_certificate.py.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Sequence
from typing import Any

from kcompat.apimachinery import meta, validation
from kcompat.apimachinery.clock import Clock, SystemClock
from kcompat.apimachinery.field import OMITTED, FieldError, Path, invalid, not_supported, too_long
from kcompat.apimachinery.names import byte_length, name_is_dns_subdomain
from kcompat.registry.declare import Tree
from kcompat.registry.rules.fields import messages
from kcompat.registry.rules.plain import StatusRules
from kcompat.registry.rules.pod.go_form import go_form
from kcompat.registry.rules.pod_certificate import chain_errors, request_errors
from kcompat.registry.rules.signer_name import is_kubernetes_signer, signer_name, user_annotations

_SPEC, _STATUS, _CONDITIONS = Path("spec"), Path("status"), Path("status", "conditions")
_OUTCOMES = ("Issued", "Denied", "Failed")
_ONE_OUTCOME = 'There may be at most one condition with type "Issued", "Denied", or "Failed"'
_NO_KEY = "exactly one of (stubPKCS10Request) or (pkixPublicKey, proofOfPossession) must be set"
_HOUR, _DAY, _MAX_REQUEST, _MAX_UID = 3600, 86400, 10 * 1024, 128


def _who(spec: Tree, name: str, uid: str) -> list[FieldError]:
    value, identity = spec.get(name, ""), spec.get(uid, "")
    errors = messages(value, _SPEC.child(name), name_is_dns_subdomain)
    errors += [] if identity else [invalid(_SPEC.child(uid), "", "must not be empty")]
    return errors + ([too_long(_SPEC.child(uid), _MAX_UID)] if byte_length(identity) > _MAX_UID else [])


def _expiration(spec: Tree) -> list[FieldError]:
    seconds, longest = spec["maxExpirationSeconds"], _DAY if is_kubernetes_signer(spec.get("signerName", "")) else 91 * _DAY
    if _HOUR <= seconds <= longest:
        return []
    return [invalid(_SPEC.child("maxExpirationSeconds"), seconds, f"must be in the range [{_HOUR}, {longest}]")]


def _request(spec: Tree) -> list[FieldError]:
    request = b64decode(spec.get("stubPKCS10Request") or "")
    if not request:
        return [invalid(_SPEC, OMITTED, _NO_KEY)]
    path = _SPEC.child("stubPKCS10Request")
    return [too_long(path, _MAX_REQUEST)] if len(request) > _MAX_REQUEST else request_errors(request, path)


def _outcomes(conditions: Sequence[Any]) -> list[FieldError]:
    errors: list[FieldError] = []
    known = 0
    for index, condition in enumerate(conditions):
        kind, status = condition.get("type", ""), condition.get("status", "")
        at = _CONDITIONS.child(f"[{index}]")
        if kind not in _OUTCOMES:
            errors.append(not_supported(at.child("type"), kind, _OUTCOMES))
            continue
        known += 1
        errors += [invalid(at.child("type"), kind, _ONE_OUTCOME)] if known > 1 else []
        errors += [] if status == "True" else [not_supported(at.child("status"), status, ("True",))]
    return errors


def _outcome(obj: Tree) -> str:
    return next((item["type"] for item in meta.conditions(obj) if item["type"] in _OUTCOMES and item["status"] == "True"), "")


class PodCertificateRequestRules(StatusRules):
    """The clock says whether a certificate is fresh."""

    allow_unconditional_update = False

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock: Clock = clock or SystemClock()

    def default(self, obj: Tree) -> None:
        obj["spec"].setdefault("maxExpirationSeconds", _DAY)

    def validate(self, obj: Tree) -> list[FieldError]:
        spec = obj["spec"]
        errors = signer_name(spec.get("signerName", ""), _SPEC.child("signerName"))
        errors += user_annotations(spec.get("unverifiedUserAnnotations") or {}, _SPEC.child("unverifiedUserAnnotations"))
        for name in ("pod", "serviceAccount", "node"):
            errors += _who(spec, f"{name}Name", f"{name}UID")
        return errors + _expiration(spec) + _request(spec)

    def validate_update(self, new: Tree, old: Tree) -> list[FieldError]:
        if new["spec"] == old["spec"]:
            return []
        shown = go_form(new["spec"], "certificates/v1.PodCertificateRequestSpec")
        rest = {name: shown.pop(name) for name in ("StubPKCS10Request", "UnverifiedUserAnnotations")}
        shown |= {"PKIXPublicKey": None, "ProofOfPossession": None, **rest}
        return [invalid(_SPEC, shown, validation.IMMUTABLE)]

    def validate_status_update(self, new: Tree, old: Tree) -> list[FieldError]:
        wanted, before = new.get("status") or {}, old.get("status") or {}
        conditions = wanted.get("conditions") or ()
        errors = _outcomes(conditions) + validation.validate_conditions(conditions, _CONDITIONS)
        if errors:
            return errors
        if _outcome(old):
            return _same(wanted, before, "immutable after PodCertificateRequest is issued, denied, or failed")
        if _outcome(new) in ("Denied", "Failed"):
            detail = "non-condition status fields must be empty when denying or failing the PodCertificateRequest"
            return _same(wanted, {"conditions": conditions}, detail)
        if _outcome(new) == "Issued":
            return chain_errors(wanted, new["spec"], self.clock.now())
        return _same(wanted, before, 'status is immutable unless transitioning to "Issued", "Denied", or "Failed"')


def _same(new: Tree, old: Tree, detail: str) -> list[FieldError]:
    return [] if new == old else [invalid(_STATUS, OMITTED, detail)]
