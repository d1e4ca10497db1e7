"""Volumes of a pod spec and their sources. Called by spec.

Answers pkg/apis/core/validation/validation.go:ValidateVolumes, validateVolumeSource and the function of each source.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Final

import orjson

from kcompat.apimachinery import field, names, quantity
from kcompat.apimachinery.field import FieldError, Path
from kcompat.registry.declare import Tree
from kcompat.registry.rules.pod.checks import (
    NONE,
    NOWHERE,
    Errors,
    dns_label,
    file_mode,
    invalid_each,
    local_path,
    no_backsteps,
    one_of,
    relative_path,
    required,
    user_id,
)
from kcompat.registry.rules.pod.environment import VOLUME_FIELDS, field_ref, resource_field_ref
from kcompat.registry.rules.pod.options import NEW_POD, Options
from kcompat.registry.rules.pod.projected import projected
from kcompat.registry.rules.volume_claim import claim_template

Rule = Callable[[Tree, Path, Options], Errors]
_HOST_PATH_TYPES: Final = ("", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket")
_PULL_POLICIES: Final = ("Always", "IfNotPresent", "Never")


def volumes(items: Sequence[Tree], pod_name: str, at: Path, options: Options) -> tuple[dict[str, Tree], list[FieldError]]:
    """The valid volumes by name, and the errors (ValidateVolumes). `pod_name` is "" in templates."""
    errors: list[FieldError] = []
    valid: dict[str, Tree] = {}
    created = {f"{pod_name}-{v.get('name') or ''}" for v in items if v.get("ephemeral") is not None} if pod_name else ()
    for index, volume in enumerate(items):
        here, name = at.index(index), volume.get("name") or ""
        found = [*_source(volume, name, pod_name, here, options)]
        if not name:
            found.append(field.required(here.child("name")))
        elif messages := names.is_dns1123_label(name):
            found += invalid_each(here.child("name"), name, messages)
        if name in valid:
            found.append(field.duplicate(here.child("name"), name))
        if found:
            errors += found
        else:
            valid[name] = volume
        claim = (volume.get("persistentVolumeClaim") or {}).get("claimName")
        if claim in created:
            detail = "must not reference a PVC that gets created for an ephemeral volume"
            errors.append(field.invalid(here.child("persistentVolumeClaim", "claimName"), claim, detail))
    return valid, errors


def _source(volume: Tree, name: str, pod_name: str, at: Path, options: Options) -> Errors:
    """Exactly one source, and that one valid (validateVolumeSource)."""
    kinds = [kind for kind in volume if kind != "name" and volume[kind] is not None]
    if len(kinds) == 1 and kinds[0] in _SOURCES:
        errors = _SOURCES[kinds[0]](volume[kinds[0]], at.child(_PLACES.get(kinds[0], kinds[0])), options)
    else:
        errors = _several(volume, at, options)
    if volume.get("iscsi") is not None or volume.get("ephemeral") is not None:
        return [*errors, *_with_name(volume, name, pod_name, at)]
    return errors


def _several(volume: Tree, at: Path, options: Options) -> list[FieldError]:
    errors: list[FieldError] = []
    found = False
    for kind, rule in _SOURCES.items():
        if (source := volume.get(kind)) is None:
            continue
        if found:
            place = at.child(_CONFLICT_PLACES.get(kind, kind))
            errors.append(field.forbidden(place, "may not specify more than 1 volume type"))
        else:
            errors += rule(source, at.child(_PLACES.get(kind, kind)), options)
        found = True
    if not found:
        errors.append(field.required(at, "must specify a volume type"))
    return errors


def _with_name(volume: Tree, name: str, pod_name: str, at: Path) -> list[FieldError]:
    """Rules that join the source with the volume's name."""
    errors: list[FieldError] = []
    iscsi = volume.get("iscsi") or {}
    if iscsi.get("initiatorName") is not None and len(f"{name}:{iscsi.get('targetPortal') or ''}") > 64:
        detail = "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified."
        errors.append(field.invalid(at.child("name"), name, detail))
    if volume.get("ephemeral") is not None and pod_name and name:
        claim = f"{pod_name}-{name}"
        messages = names.is_dns1123_subdomain(claim)
        errors += invalid_each(at.child("name"), name, [f"PVC name {field.printed(claim)}: {message}" for message in messages])
    return errors


def _needs(*members: str) -> Rule:
    """A source that only has required members."""
    return lambda source, at, options: required(source, at, *members)


def _empty_dir(source: Tree, at: Path, options: Options) -> Errors:
    limit = source.get("sizeLimit")
    if limit is None or quantity.parse(limit).sign >= 0:
        return NONE
    return [field.forbidden(at.child("sizeLimit"), "SizeLimit field must be a valid resource quantity")]


def _host_path(source: Tree, at: Path, options: Options) -> Errors:
    path, kind = source.get("path") or "", source.get("type")
    if not path:
        return [field.required(at.child("path"))]
    errors = no_backsteps(path, at.child("path"))
    if kind is not None and kind not in _HOST_PATH_TYPES:
        errors.append(field.not_supported(at.child("type"), kind, _HOST_PATH_TYPES))
    return errors


def _git_repo(source: Tree, at: Path, options: Options) -> Errors:
    return required(source, at, "repository") + [*relative_path(source.get("directory") or "", at, "directory")]


def _disk(member: str) -> Rule:
    """A cloud's disk: its name and an optional partition."""

    def rule(source: Tree, at: Path, options: Options) -> Errors:
        errors, partition = required(source, at, member), source.get("partition") or 0
        if not 0 <= partition <= 255:
            errors.append(field.invalid(at.child("partition"), partition, names.inclusive_range(1, 255)))
        return errors

    return rule


def _key_source(name_member: str) -> Rule:
    """A Secret or ConfigMap as files."""

    def rule(source: Tree, at: Path, options: Options) -> Errors:
        errors = [*required(source, at, name_member), *file_mode(source, "defaultMode", at), *user_id(source, "defaultUser", at)]
        for index, item in enumerate(source.get("items") or ()):
            errors += key_to_path(item, at.child("items").index(index))
        return errors

    return rule


def key_to_path(item: Tree, at: Path) -> list[FieldError]:
    """validateKeyToPath."""
    errors = required(item, at, "key", "path")
    errors += local_path(item.get("path") or "", at, "path")
    return [*errors, *file_mode(item, "mode", at), *user_id(item, "user", at)]


def _nfs(source: Tree, at: Path, options: Options) -> Errors:
    errors, path = required(source, at, "server", "path"), source.get("path") or ""
    if not path.startswith("/"):
        errors.append(field.invalid(at.child("path"), path, "must be an absolute path"))
    return errors


_IQN: Final = {
    "iqn": re.compile(r"iqn\.\d{4}-\d{2}\.([a-zA-Z0-9\-.]+)(:[^,;*&$|\s]+)$", re.ASCII).search,
    "eui": re.compile(r"eui.[a-zA-Z0-9]{16}").fullmatch,
    "naa": re.compile(r"naa.[a-zA-Z0-9]{32}").fullmatch,
}


def _initiator(name: str, at: Path) -> list[FieldError]:
    """An iSCSI name of one of the three kinds."""
    matcher = _IQN.get(name[:3])
    if matcher is None:
        return [field.invalid(at, name, "must be valid format starting with iqn, eui, or naa")]
    return [] if matcher(name) else [field.invalid(at, name, "must be valid format")]


def _iscsi(source: Tree, at: Path, options: Options) -> Errors:
    errors = required(source, at, "targetPortal")
    errors += _initiator(source["iqn"], at.child("iqn")) if source.get("iqn") else [field.required(at.child("iqn"))]
    lun = source.get("lun") or 0
    if not 0 <= lun <= 255:
        errors.append(field.invalid(at.child("lun"), lun, names.inclusive_range(0, 255)))
    if (source.get("chapAuthDiscovery") or source.get("chapAuthSession")) and source.get("secretRef") is None:
        errors.append(field.required(at.child("secretRef")))
    if (initiator := source.get("initiatorName")) is not None:
        errors += _initiator(initiator, at.child("initiatorname"))
    return errors


def _flocker(source: Tree, at: Path, options: Options) -> Errors:
    name, uuid = source.get("datasetName") or "", source.get("datasetUUID") or ""
    errors: list[FieldError] = []
    if not name and not uuid:
        errors.append(field.required(at, "one of datasetName and datasetUUID is required"))
    if name and uuid:
        errors.append(field.invalid(at, "resource", "datasetName and datasetUUID can not be specified simultaneously"))
    if "/" in name:
        errors.append(field.invalid(at.child("datasetName"), name, "must not contain '/'"))
    return errors


def _with_secret(*members: str) -> Rule:
    """Required members, and a secretRef with a name if there is one."""

    def rule(source: Tree, at: Path, options: Options) -> Errors:
        errors, secret = required(source, at, *members), source.get("secretRef")
        if secret is not None and not secret.get("name"):
            errors.append(field.required(at.child("secretRef", "name")))
        return errors

    return rule


def _quobyte(source: Tree, at: Path, options: Options) -> Errors:
    registry, pairs = source.get("registry") or "", "must be a host:port pair or multiple pairs separated by commas"
    errors: list[FieldError] = []
    if not registry:
        errors.append(field.required(at.child("registry"), pairs))
    elif len(source.get("tenant") or "") >= 65:
        errors.append(field.required(at.child("tenant"), "must be a UUID and may not exceed a length of 64 characters"))
    else:
        errors += [field.invalid(at.child("registry"), registry, pairs) for pair in registry.split(",") if not _is_host_port(pair)]
    return errors + required(source, at, "volume")


def _is_host_port(pair: str) -> bool:
    """What net.SplitHostPort accepts."""
    if pair.startswith("["):
        host, closed, port = pair[1:].partition("]")
        return bool(closed) and port.startswith(":") and ":" not in port[1:] and "[" not in host
    return pair.count(":") == 1 and not set("[]") & set(pair)


def _downward_api(source: Tree, at: Path, options: Options) -> Errors:
    errors = [*file_mode(source, "defaultMode", at), *user_id(source, "defaultUser", at)]
    for item in source.get("items") or ():
        errors += downward_file(item, at)  # as upstream, without the item's index
    return errors


def downward_file(item: Tree, at: Path) -> list[FieldError]:
    """validateDownwardAPIVolumeFile."""
    errors = required(item, at, "path")
    errors += local_path(item.get("path") or "", at, "path")
    reference, resource = item.get("fieldRef"), item.get("resourceFieldRef")
    if reference is not None:
        errors += field_ref(reference, at.child("fieldRef"), VOLUME_FIELDS)
        if resource is not None:
            errors.append(field.invalid(at, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously"))
    elif resource is not None:
        errors += resource_field_ref(resource, at.child("resourceFieldRef"), volume=True)
    else:
        errors.append(field.required(at, "one of fieldRef and resourceFieldRef is required"))
    return [*errors, *file_mode(item, "mode", at), *user_id(item, "user", at)]


def _fibre_channel(source: Tree, at: Path, options: Options) -> Errors:
    targets, ids, lun = source.get("targetWWNs"), source.get("wwids"), source.get("lun")
    errors: list[FieldError] = []
    if not targets and not ids:
        errors.append(field.required(at.child("targetWWNs"), "must specify either targetWWNs or wwids, but not both"))
    if targets and ids:
        errors.append(field.invalid(at.child("targetWWNs"), targets, "targetWWNs and wwids can not be specified simultaneously"))
    if targets and lun is None:
        errors.append(field.required(at.child("lun"), "lun is required if targetWWNs is specified"))
    elif targets and not 0 <= (lun or 0) <= 255:
        errors.append(field.invalid(at.child("lun"), lun, names.inclusive_range(0, 255)))
    return errors


def _flex(source: Tree, at: Path, options: Options) -> Errors:
    errors = required(source, at, "driver")
    for key in source.get("options") or ():
        if ("." + key.partition("/")[0].lower()).endswith((".kubernetes.io", ".k8s.io")):
            detail = "kubernetes.io and k8s.io namespaces are reserved"
            errors.append(field.invalid(at.child("options").key(key), key, detail))
    return errors


_CACHING_MODES: Final = ("None", "ReadOnly", "ReadWrite")
_DISK_KINDS: Final = ("Dedicated", "Managed", "Shared")
_MANAGED_URI: Final = "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"
_BLOB_URI: Final = "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd"


def _azure_disk(source: Tree, at: Path, options: Options) -> Errors:
    errors: list[FieldError] = [*required(source, at, "diskName", "diskURI")]
    mode, kind, uri = source.get("cachingMode"), source.get("kind"), source.get("diskURI") or ""
    if mode is not None and mode not in _CACHING_MODES:
        errors.append(field.not_supported(at.child("cachingMode"), mode, _CACHING_MODES))
    if kind is not None and kind not in _DISK_KINDS:
        errors.append(field.not_supported(at.child("kind"), kind, _DISK_KINDS))
    if kind == "Managed" and not uri.startswith("/subscriptions/"):
        errors.append(field.not_supported(at.child("diskURI"), uri, (_MANAGED_URI,)))
    if kind not in (None, "Managed") and not uri.startswith("https://"):
        errors.append(field.not_supported(at.child("diskURI"), uri, (_BLOB_URI,)))
    return errors


def _storage_os(source: Tree, at: Path, options: Options) -> Errors:
    errors = [] if source.get("volumeName") else [field.required(at.child("volumeName"))]
    for member in ("volumeName", "volumeNamespace"):
        errors += dns_label(source[member], at.child(member)) if source.get(member) else NONE
    return [*errors, *_with_secret()(source, at, options)]


def csi_driver_name(name: str, at: Path) -> list[FieldError]:
    """ValidateCSIDriverName."""
    if not name:
        return [field.required(at)]
    errors = [field.too_long(at, 63)] if names.byte_length(name) > 63 else []
    return errors + invalid_each(at, name, names.is_dns1123_subdomain(name.lower()))


def _csi(source: Tree, at: Path, options: Options) -> Errors:
    errors = csi_driver_name(source.get("driver") or "", at.child("driver"))
    secret = source.get("nodePublishSecretRef")
    if secret is None:
        return errors
    if not (name := secret.get("name") or ""):
        return [*errors, field.required(at.child("nodePublishSecretRef", "name"))]
    return errors + invalid_each(at.child("name"), name, names.is_dns1123_subdomain(name))


def _ephemeral(source: Tree, at: Path, options: Options) -> Errors:
    here, template = at.child("volumeClaimTemplate"), source.get("volumeClaimTemplate")
    return [field.required(here)] if template is None else claim_template(template, here)


def _image(source: Tree, at: Path, options: Options) -> Errors:
    errors: list[FieldError] = [] if options.allow_empty_image_reference else required(source, at, "reference")
    return [*errors, *one_of(source.get("pullPolicy"), at.child("pullPolicy"), _PULL_POLICIES)]


def _projected(source: Tree, at: Path, options: Options) -> Errors:
    """Almost every pod brings the same one, with its service account's token, so what was valid once is not looked at again."""
    if _is_valid_projection(orjson.dumps(source)):
        return NONE
    return projected(source, at, options, key_to_path, downward_file)


@lru_cache(maxsize=256)
def _is_valid_projection(encoded: bytes) -> bool:
    return not projected(orjson.loads(encoded), NOWHERE, NEW_POD, key_to_path, downward_file)


_SOURCES: Final[Mapping[str, Rule]] = {
    "emptyDir": _empty_dir,
    "hostPath": _host_path,
    "gitRepo": _git_repo,
    "gcePersistentDisk": _disk("pdName"),
    "awsElasticBlockStore": _disk("volumeID"),
    "secret": _key_source("secretName"),
    "nfs": _nfs,
    "iscsi": _iscsi,
    "glusterfs": _needs("endpoints", "path"),
    "flocker": _flocker,
    "persistentVolumeClaim": _needs("claimName"),
    "rbd": _needs("monitors", "image"),
    "cinder": _with_secret("volumeID"),
    "cephfs": _needs("monitors"),
    "quobyte": _quobyte,
    "downwardAPI": _downward_api,
    "fc": _fibre_channel,
    "flexVolume": _flex,
    "configMap": _key_source("name"),
    "azureFile": _needs("secretName", "shareName"),
    "vsphereVolume": _needs("volumePath"),
    "photonPersistentDisk": _needs("pdID"),
    "portworxVolume": _needs("volumeID"),
    "azureDisk": _azure_disk,
    "storageos": _storage_os,
    "projected": _projected,
    "scaleIO": _needs("gateway", "system", "volumeName"),
    "csi": _csi,
    "ephemeral": _ephemeral,
    "image": _image,
}
"""Volume sources in the order upstream looks for them."""

_PLACES: Final = {"gcePersistentDisk": "persistentDisk"}
_CONFLICT_PLACES: Final = {"cephfs": "cephFS", "downwardAPI": "downwarAPI"}
"""Where upstream's paths differ from the fields' names."""
