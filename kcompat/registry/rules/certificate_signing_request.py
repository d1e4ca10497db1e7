"""CertificateSigningRequest (upstream: pkg/registry/certificates/certificates, pkg/apis/certificates/validation).

Who asks is not the client's to say: `requested_by` fills it in, between defaulting and admission. approval is an update by ApprovalRules.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Sequence
from typing import Any

from kcompat.apimachinery import meta
from kcompat.apimachinery.clock import Clock, SystemClock, rfc3339
from kcompat.apimachinery.field import FieldError, Path, duplicate, forbidden, invalid, not_supported, required
from kcompat.apimachinery.user import UserInfo
from kcompat.registry.declare import Rules, Tree, keep
from kcompat.registry.rules.certificates import certificate_problem, request_problem
from kcompat.registry.rules.immutability import changes
from kcompat.registry.rules.pod.go_form import go_list
from kcompat.registry.rules.signer_name import signer_name

LEGACY_SIGNER = "kubernetes.io/legacy-unknown"
_APPROVED, _DENIED, _FAILED = "Approved", "Denied", "Failed"
_SPEC, _CONDITIONS, _CERTIFICATE = Path("spec"), Path("status", "conditions"), Path("status", "certificate")
USAGES = (
    "any", "cert sign", "client auth", "code signing", "content commitment", "crl sign", "data encipherment", "decipher only",
    "digital signature", "email protection", "encipher only", "ipsec end system", "ipsec tunnel", "ipsec user", "key agreement",
    "key encipherment", "microsoft sgc", "netscape sgc", "ocsp signing", "s/mime", "server auth", "signing", "timestamping",
)
_ITEMS = [f'conditions[{{"type": "{kind}"}}]' for kind in (_APPROVED, _DENIED)]
_BOTH_SHOWN = "{" + ", ".join(_ITEMS) + "}"
_EXCLUSIVE = "must specify at most one of: " + ", ".join(f"`{item}`" for item in _ITEMS)


def _of_type(obj: Tree, kind: str) -> list[Tree]:
    return [dict(condition) for condition in meta.conditions(obj) if condition.get("type") == kind]


def _usages(usages: Sequence[str], old: Sequence[str]) -> list[FieldError]:
    path = _SPEC.child("usages")
    errors = [] if usages else [required(path)]
    if all(usage in USAGES for usage in old):
        errors += [not_supported(path.index(i), usage, USAGES) for i, usage in enumerate(usages) if usage not in USAGES]
    if len(set(old)) == len(old):
        errors += [duplicate(path.index(i), usage) for i, usage in enumerate(usages) if usage in usages[:i]]
    return errors


def _conditions(conditions: Sequence[Tree], old: Sequence[Tree]) -> list[FieldError]:
    """`old` lets through empty and double types that it has."""
    types, before = [condition.get("type", "") for condition in conditions], [condition.get("type", "") for condition in old]
    errors: list[FieldError] = []
    for index, condition in enumerate(conditions):
        path, kind, status = _CONDITIONS.index(index), types[index], condition.get("status", "")
        errors += [required(path.child("type"))] if not kind and "" not in before else []
        allowed = ("True",) if kind in (_APPROVED, _DENIED, _FAILED) else ("False", "True", "Unknown")
        if status not in allowed:
            errors.append(not_supported(path.child("status"), status, allowed) if status else required(path.child("status")))
        if kind in types[:index] and len(set(before)) == len(before):
            errors.append(duplicate(path.child("type"), kind))
    return errors


def _exclusive(conditions: Sequence[Tree], old: Sequence[Tree]) -> list[FieldError]:
    """A declarative rule upstream, therefore after all others."""
    types, before = ({condition.get("type") for condition in items} for items in (conditions, old))
    both = {_APPROVED, _DENIED}
    return [invalid(_CONDITIONS, _BOTH_SHOWN, _EXCLUSIVE)] if both <= types and not both <= before else []


class CertificateSigningRequestRules(Rules):
    """The clock stamps conditions."""

    may_approve = False
    may_issue = False

    def requested_by(self, obj: Tree, user: UserInfo) -> None:
        who: dict[str, Any] = {"username": user.name, "uid": user.uid, "groups": list(user.groups)}
        who["extra"] = {key: list(values) for key, values in user.extra.items()}
        obj["spec"] |= {name: value for name, value in who.items() if value}

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock: Clock = clock or SystemClock()

    def default(self, obj: Tree) -> None:
        """Forgets who the client says it is."""
        for name in ("username", "uid", "groups", "extra"):
            obj["spec"].pop(name, None)

    def prepare_for_create(self, obj: Tree) -> None:
        obj["status"] = {}

    def prepare_for_update(self, new: Tree, old: Tree) -> None:
        keep(new, old, "spec", "status")

    def prepare_for_status_update(self, new: Tree, old: Tree) -> None:
        """Approvals stay as they are."""
        keep(new, old, "spec")
        for kind in (_APPROVED, _DENIED):
            kept = _of_type(old, kind)
            places = [index for index, condition in enumerate(meta.conditions(new)) if condition.get("type") == kind]
            if len(kept) == len(places):
                for index, condition in zip(places, kept, strict=True):
                    new["status"]["conditions"][index] = condition
        self._stamp(new, old)

    def _stamp(self, new: Tree, old: Tree) -> None:
        now = rfc3339(self.clock.now())
        for condition in (new.get("status") or {}).get("conditions") or ():
            if condition.get("lastUpdateTime") is None:
                condition["lastUpdateTime"] = now
            if condition.get("lastTransitionTime") is None:
                condition["lastTransitionTime"] = _transition(condition, old) or now

    def validate_name(self, name: str, prefix: bool) -> Sequence[str]:
        return ()

    def validate(self, obj: Tree) -> list[FieldError]:
        return self._validate(obj, {})

    def _validate(self, obj: Tree, old: Tree) -> list[FieldError]:
        spec, before, conditions = obj["spec"], old.get("spec") or {}, list(meta.conditions(obj))
        request, signer, seconds = spec.get("request", ""), spec.get("signerName", ""), spec.get("expirationSeconds")
        problem = request_problem(b64decode(request or ""))
        errors = [invalid(_SPEC.child("request"), request, problem)] if problem else []
        errors += _usages(spec.get("usages") or (), before.get("usages") or ())
        if signer == LEGACY_SIGNER and before.get("signerName") != LEGACY_SIGNER:
            errors.append(invalid(_SPEC.child("signerName"), signer, "the legacy signerName is not allowed via this API version"))
        else:
            errors += signer_name(signer, _SPEC.child("signerName"))
        if seconds is not None and seconds < 600:
            detail = "may not specify a duration less than 600 seconds (10 minutes)"
            errors.append(invalid(_SPEC.child("expirationSeconds"), seconds, detail))
        errors += _conditions([dict(item) for item in conditions], [dict(item) for item in meta.conditions(old)])
        return errors + self._certificate(obj, old)

    def _certificate(self, obj: Tree, old: Tree) -> list[FieldError]:
        issued, before = (meta.get(tree, ("status", "certificate"), "") for tree in (obj, old))
        if (old and issued == before) or (before and certificate_problem(b64decode(before))):
            return []
        problem = certificate_problem(b64decode(issued))
        return [invalid(_CERTIFICATE, "<certificate data>", problem)] if problem else []

    def validate_update(self, new: Tree, old: Tree) -> list[FieldError]:
        errors = self._validate(new, old)
        for kind in (_APPROVED, _DENIED, _FAILED):
            if len(_of_type(new, kind)) < len(_of_type(old, kind)):
                errors.append(forbidden(_CONDITIONS, f'updates may not remove a condition of type "{kind}"'))
        errors += [] if self.may_approve else _approval_kept(new, old)
        issued, before = (meta.get(tree, ("status", "certificate"), "") for tree in (new, old))
        if issued != before and not self.may_issue:
            errors.append(forbidden(_CERTIFICATE, "updates may not set certificate content"))
        elif issued != before and before:
            errors.append(forbidden(_CERTIFICATE, "updates may not modify existing certificate content"))
        return errors + _exclusive([dict(item) for item in meta.conditions(new)], [dict(item) for item in meta.conditions(old)])

    def validate_status_update(self, new: Tree, old: Tree) -> list[FieldError]:
        return _ISSUING.validate_update(new, old)


def _approval_kept(new: Tree, old: Tree) -> list[FieldError]:
    errors = []
    for kind in (_APPROVED, _DENIED):
        wanted, before = _of_type(new, kind), _of_type(old, kind)
        if len(wanted) > len(before):
            errors.append(forbidden(_CONDITIONS, f'updates may not add a condition of type "{kind}"'))
        elif len(wanted) == len(before) and wanted != before:
            shown = changes(*(go_list(items, "certificates/v1.CertificateSigningRequestCondition") for items in (before, wanted)))
            errors.append(forbidden(_CONDITIONS, f'updates may not modify a condition of type "{kind}"\n{shown}'))
    return errors


def _transition(condition: Tree, old: Tree) -> str:
    """When the condition got the status it has, as far as the old object knows."""
    same = (known for known in _of_type(old, condition.get("type", "")) if known.get("status") == condition.get("status"))
    return next((known["lastTransitionTime"] for known in same if known.get("lastTransitionTime")), "")


class _IssuingRules(CertificateSigningRequestRules):
    may_issue = True


class ApprovalRules(CertificateSigningRequestRules):
    """PUT of certificatesigningrequests/approval: only the conditions change."""

    may_approve = True

    def prepare_for_update(self, new: Tree, old: Tree) -> None:
        self._stamp(new, old)
        wanted = (new.get("status") or {}).get("conditions")
        keep(new, old, "spec", "status")
        rest = {name: value for name, value in (new.get("status") or {}).items() if name != "conditions"}
        new["status"] = {"conditions": wanted, **rest} if wanted else rest


_ISSUING = _IssuingRules()
