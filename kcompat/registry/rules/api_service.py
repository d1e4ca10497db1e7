"""APIService (upstream: kube-aggregator pkg/registry/apiservice, pkg/apis/apiregistration/validation)."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Sequence

from kcompat.apimachinery import meta
from kcompat.apimachinery.clock import Clock, SystemClock, rfc3339
from kcompat.apimachinery.field import FieldError, Path, invalid, not_supported, required
from kcompat.apimachinery.names import is_dns1035_label, is_path_segment_name, is_valid_port_number
from kcompat.apimachinery.quote import quote
from kcompat.registry.declare import Tree
from kcompat.registry.rules.fields import dns_subdomain, messages
from kcompat.registry.rules.plain import StatusRules

_SPEC, _CONDITIONS = Path("spec"), Path("status", "conditions")
_SERVICE, _INSECURE = _SPEC.child("service"), _SPEC.child("insecureSkipTLSVerify")
_LOCAL = {"type": "Available", "status": "True", "reason": "Local", "message": "Local APIServices are always available"}
_STATUSES = ("True", "False", "Unknown")


def _priorities(spec: Tree) -> list[FieldError]:
    errors = []
    for name, most in (("groupPriorityMinimum", 20000), ("versionPriority", 1000)):
        if not 0 < spec.get(name, 0) <= most:
            errors.append(invalid(_SPEC.child(name), spec.get(name, 0), f"must be positive and less than {most}"))
    return errors


def _server(spec: Tree) -> list[FieldError]:
    service, bundle, insecure = spec.get("service"), spec.get("caBundle") or "", spec.get("insecureSkipTLSVerify", False)
    if service is None:
        size = f"{len(b64decode(bundle))} bytes"
        errors = [invalid(_SPEC.child("caBundle"), size, "local APIServices may not have a caBundle")] if bundle else []
        return errors + ([invalid(_INSECURE, True, "local APIServices may not have insecureSkipTLSVerify")] if insecure else [])
    errors = [required(_SERVICE.child(name)) for name in ("namespace", "name") if not service.get(name)]
    if problems := is_valid_port_number(service["port"]):
        errors.append(invalid(_SERVICE.child("port"), service["port"], f"port is not valid: {', '.join(problems)}"))
    return errors + ([invalid(_INSECURE, True, "may not be true if caBundle is present")] if insecure and bundle else [])


class APIServiceRules(StatusRules):
    """The clock stamps the condition of local ones."""

    allow_unconditional_update = False

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock: Clock = clock or SystemClock()

    def default(self, obj: Tree) -> None:
        if (service := obj["spec"].get("service")) is not None:
            service.setdefault("port", 443)

    def prepare_for_create(self, obj: Tree) -> None:
        obj["status"] = {}
        if obj["spec"].get("service") is None:
            obj["status"] = {"conditions": [_LOCAL | {"lastTransitionTime": rfc3339(self.clock.now())}]}

    def validate_own_name(self, obj: Tree, name: str, prefix: bool) -> Sequence[str]:
        spec = obj["spec"]
        wanted = f"{spec.get('version', '')}.{spec.get('group', '')}"
        problems = is_path_segment_name(name)
        return problems or ([] if name == wanted else [f'must be `spec.version+"."+spec.group`: {quote(wanted)}'])

    def validate(self, obj: Tree) -> list[FieldError]:
        spec, errors = obj["spec"], list[FieldError]()
        group, version = spec.get("group", ""), spec.get("version", "")
        if group:
            errors += dns_subdomain(group, _SPEC.child("group"))
        elif version != "v1":
            errors.append(required(_SPEC.child("group"), "only v1 may have an empty group and it better be legacy kube"))
        return errors + messages(version, _SPEC.child("version"), is_dns1035_label) + _priorities(spec) + _server(spec)

    def validate_status_update(self, new: Tree, old: Tree) -> list[FieldError]:
        statuses = [condition.get("status", "") for condition in meta.conditions(new)]
        bad = ((_CONDITIONS.index(index).child("status"), status) for index, status in enumerate(statuses) if status not in _STATUSES)
        return [not_supported(path, status, _STATUSES) for path, status in bad]
