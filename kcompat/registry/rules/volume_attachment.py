"""VolumeAttachment (upstream: pkg/registry/storage/volumeattachment, pkg/apis/storage/validation: ValidateVolumeAttachment)."""

from __future__ import annotations

from kcompat.apimachinery.field import FieldError, Path, forbidden, invalid, required, too_long
from kcompat.apimachinery.names import byte_length, inclusive_range, name_is_dns_subdomain
from kcompat.registry.declare import Tree
from kcompat.registry.rules.declarative import immutable, long_name_caseless, max_length
from kcompat.registry.rules.fields import dns_subdomain, messages
from kcompat.registry.rules.persistent_volume import validate_inline_volume
from kcompat.registry.rules.plain import StatusRules
from kcompat.registry.rules.pod.volumes import csi_driver_name

_SPEC, _STATUS = Path("spec"), Path("status")
_MAX_METADATA, _MAX_MESSAGE = 256 * 1024, 1024
_ONE = "must specify exactly one of inlineVolumeSpec and persistentVolumeName"


def _source(source: Tree, path: Path) -> list[FieldError]:
    inline, name = source.get("inlineVolumeSpec"), source.get("persistentVolumeName")
    if inline is None and name is None:
        return [required(path, _ONE)]
    if inline is not None and name is not None:
        return [forbidden(path, _ONE)]
    if inline is not None:
        return validate_inline_volume(inline, path.child("inlineVolumeSpec"))
    return [] if name else [required(path.child("persistentVolumeName"), "must specify non empty persistentVolumeName")]


def _status(status: Tree) -> list[FieldError]:
    size = sum(byte_length(key) + byte_length(value) for key, value in (status.get("attachmentMetadata") or {}).items())
    errors = [too_long(_STATUS.child("attachmentMetadata"), _MAX_METADATA)] if size > _MAX_METADATA else []
    for name in ("attachError", "detachError"):
        problem = status.get(name) or {}
        if byte_length(problem.get("message", "")) > _MAX_MESSAGE:
            errors.append(too_long(_STATUS.child(name, "message"), _MAX_MESSAGE))
        if (code := problem.get("errorCode") or 0) < 0:
            errors.append(invalid(_STATUS.child(name, "errorCode"), code, inclusive_range(0, 2**31 - 1)))
    return errors


def _attacher(name: str) -> list[FieldError]:
    """A CSI driver's name. Declarative upstream, therefore after all others."""
    path = _SPEC.child("attacher")
    if not name:
        return [required(path)]
    return long_name_caseless(name, path) + max_length(name, 63, path)


class VolumeAttachmentRules(StatusRules):
    allow_unconditional_update = False

    def prepare_for_create(self, obj: Tree) -> None:
        obj["status"] = {"attached": False}

    def validate(self, obj: Tree) -> list[FieldError]:
        return self._rest(obj) + _attacher(obj["spec"].get("attacher", ""))

    def _rest(self, obj: Tree) -> list[FieldError]:
        spec = obj["spec"]
        source = spec.get("source") or {}
        errors = _source(source, _SPEC.child("source")) + dns_subdomain(spec.get("nodeName", ""), _SPEC.child("nodeName"))
        errors += _status(obj.get("status") or {})
        if source.get("persistentVolumeName") is not None:
            errors += messages(source["persistentVolumeName"], Path("spec.source.persistentVolumeName"), name_is_dns_subdomain)
        return errors

    def validate_update(self, new: Tree, old: Tree) -> list[FieldError]:
        """Where the whole spec is refused, upstream's tags stop there, and the attacher is looked at first, by hand."""
        if changed := immutable(new["spec"], old["spec"], _SPEC):
            return csi_driver_name(new["spec"].get("attacher", ""), _SPEC.child("attacher")) + self._rest(new) + changed
        return self.validate(new)

    def validate_status_update(self, new: Tree, old: Tree) -> list[FieldError]:
        return self.validate(new)
