"""Pods, pod specs and pod templates as a whole. Called by the Rules of pods and of every kind with a template.

Answers pkg/apis/core/validation/validation.go:ValidatePodCreate, validatePodMetadataAndSpec, ValidatePodTemplateSpec, ValidatePodSpec.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from kcompat.apimachinery import field, json_strict, meta, names
from kcompat.apimachinery.field import FieldError, Path
from kcompat.apimachinery.ip import validate_ip_legacy
from kcompat.apimachinery.json_strict import JSONError
from kcompat.apimachinery.label_selectors import parse_int64
from kcompat.apimachinery.validation import validate_annotations, validate_labels
from kcompat.registry.declare import Tree
from kcompat.registry.rules.pod import containers, environment, resources, scheduling, security, volumes
from kcompat.registry.rules.pod.checks import (
    Errors,
    dns_label,
    dns_subdomain,
    each_container,
    invalid_each,
    member_of,
    qualified_name,
)
from kcompat.registry.rules.pod.options import NEW_POD, Options

SPEC: Final = Path("spec")
_METADATA: Final = Path("metadata")
_ANNOTATIONS: Final = _METADATA.child("annotations")
MIRROR: Final = "kubernetes.io/config.mirror"
TOLERATIONS: Final = "scheduler.alpha.kubernetes.io/tolerations"
DELETION_COST: Final = "controller.kubernetes.io/pod-deletion-cost"
_MAX_INT32: Final = 2**31 - 1
_RESTART_POLICIES: Final = ("Always", "OnFailure", "Never")
_DNS_POLICIES: Final = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_PREEMPTION_POLICIES: Final = ("PreemptLowerPriority", "Never")


def new_pod(pod: Tree) -> list[FieldError]:
    """A pod to be created, its ObjectMeta excepted (ValidatePodCreate)."""
    errors, spec = pod_and_metadata(pod, NEW_POD), pod["spec"]
    if spec.get("ephemeralContainers"):
        errors.append(field.forbidden(SPEC.child("ephemeralContainers"), "cannot be set on create"))
    if spec.get("nodeName") and spec.get("schedulingGates"):
        errors.append(field.forbidden(SPEC.child("nodeName"), "cannot be set until all schedulingGates have been cleared"))
    if annotations := meta.annotations(pod):
        errors += security.annotations_match_fields(annotations, spec, SPEC)
    return errors


def pod_and_metadata(pod: Tree, options: Options) -> list[FieldError]:
    """What holds for every Pod, new or updated, its ObjectMeta excepted (validatePodMetadataAndSpec)."""
    spec = pod["spec"]
    errors = pod_annotations(meta.annotations(pod), spec, _ANNOTATIONS, options)
    errors += pod_spec(spec, SPEC, options, meta.metadata(pod))
    if not spec.get("serviceAccountName"):
        errors += _tokens_without_account(spec)
    if (period := spec.get("terminationGracePeriodSeconds")) is not None and period < 0:
        errors.append(field.invalid(SPEC.child("terminationGracePeriodSeconds"), period, resources.NOT_NEGATIVE))
    for name in ("containers", "initContainers"):
        errors += containers.only_for_pods(spec.get(name) or (), SPEC, name)
    return errors


def _tokens_without_account(spec: Tree) -> list[FieldError]:
    return [
        field.forbidden(
            SPEC.child("volumes").index(i).child("projected", "sources").index(j).child("serviceAccountToken"),
            "must not be specified when serviceAccountName is not set",
        )
        for i, volume in enumerate(spec.get("volumes") or ())
        for j, source in enumerate((volume.get("projected") or {}).get("sources") or ())
        if source.get("serviceAccountToken") is not None
    ]


def template(tree: Tree, at: Path, options: Options) -> list[FieldError]:
    """A pod template (ValidatePodTemplateSpec)."""
    metadata, spec = tree.get("metadata") or {}, tree.get("spec") or {}
    annotations = metadata.get("annotations") or {}
    errors: list[FieldError] = []
    if labels := metadata.get("labels"):
        errors += validate_labels(labels, at.child("labels"))
    if annotations:
        errors += validate_annotations(annotations, at.child("annotations"))
        errors += pod_annotations(annotations, spec, at.child("annotations"), options)
    here = at.child("spec")
    errors += pod_spec(spec, here, options)
    if annotations:
        errors += security.annotations_match_fields(annotations, spec, here)
    if spec.get("ephemeralContainers"):
        errors.append(field.forbidden(here.child("ephemeralContainers"), "ephemeral containers not allowed in pod template"))
    return errors


def pod_annotations(annotations: Mapping[str, str], spec: Tree, at: Path, options: Options) -> list[FieldError]:
    """Annotations that mean something for pods (ValidatePodSpecificAnnotations)."""
    if not annotations:
        return []
    errors: list[FieldError] = []
    if MIRROR in annotations and not spec.get("nodeName"):
        detail = "must set spec.nodeName if mirror pod annotation is set"
        errors.append(field.invalid(at.key(MIRROR), annotations[MIRROR], detail))
    if annotations.get(TOLERATIONS):
        errors += _toleration_annotation(annotations[TOLERATIONS], at, options)
    if not options.allow_invalid_deletion_cost and not is_deletion_cost(annotations.get(DELETION_COST, "0")):
        errors.append(field.invalid(at.key(DELETION_COST), annotations[DELETION_COST], "must be a 32bit integer"))
    return errors + security.profile_annotations(annotations, spec, at)


def _toleration_annotation(text: str, at: Path, options: Options) -> list[FieldError]:
    """Tolerations from the time before the field (ValidateTolerationsInPodAnnotations)."""
    try:
        parsed: Any = json_strict.loads(text.encode())[0]
        items = [{key[0].lower() + key[1:]: value for key, value in item.items()} for item in parsed or ()]
    except (JSONError, AttributeError, TypeError) as error:
        return [field.invalid(at, TOLERATIONS, str(error))]
    return scheduling.tolerations(items, at.child(TOLERATIONS), allow_comparison=options.allow_comparison_tolerations)


def is_deletion_cost(text: str) -> bool:
    """A 32 bit integer in its plain form (helper.GetDeletionCostFromPodAnnotations)."""
    value = parse_int64(text) if text[:1] in ("-", *"123456789") or text == "0" else None
    return value is not None and -(2**31) <= value < 2**31


def pod_spec(spec: Tree, at: Path, options: Options, metadata: Mapping[str, Any] | None = None) -> list[FieldError]:
    """ValidatePodSpec. `metadata` is that of the Pod, None in templates. Optional parts are looked at only where they are set."""
    errors: list[FieldError] = []
    if spec.get("terminationGracePeriodSeconds") is None:
        errors.append(field.required(at.child("terminationGracePeriodSeconds")))
    errors += _containers_and_volumes(spec, at, options, metadata or {})
    if spec.get("hostNetwork"):
        errors += _host_network(spec, at.child("containers"), options)
    errors += member_of(spec, "restartPolicy", at, _RESTART_POLICIES)
    errors += member_of(spec, "dnsPolicy", at, _DNS_POLICIES)
    if selector := spec.get("nodeSelector"):
        errors += validate_labels(selector, at.child("nodeSelector"))
    errors += security.pod_security_context(spec, at, options)
    if spec.get("shareProcessNamespace") and spec.get("hostPID"):
        detail = "ShareProcessNamespace and HostPID cannot both be enabled"
        errors.append(field.invalid(at.child("shareProcessNamespace"), True, detail))
    if (affinity := spec.get("affinity")) is not None:
        errors += scheduling.affinity(affinity, at.child("affinity"), options)
    if spec.get("dnsPolicy") == "None" or spec.get("dnsConfig") is not None:
        errors += _dns(spec, at.child("dnsConfig"))
    errors += _gates(spec, at)
    if constraints := spec.get("topologySpreadConstraints"):
        errors += scheduling.spread_constraints(constraints, at.child("topologySpreadConstraints"), options)
    errors += _windows_and_users(spec, at, options)
    if spec.get("hostnameOverride") is not None:
        errors += _hostname_override(spec, at.child("hostnameOverride"))
    return errors + _names_and_numbers(spec, at) + _rest(spec, at, options)


def _containers_and_volumes(spec: Tree, at: Path, options: Options, metadata: Mapping[str, Any]) -> list[FieldError]:
    valid: dict[str, Tree] = {}
    errors: list[FieldError] = []
    if items := spec.get("volumes"):
        valid, errors = volumes.volumes(items, metadata.get("name") or "", at.child("volumes"), options)
    claims: frozenset[str] = frozenset()
    if wanted := spec.get("resourceClaims"):
        claims = frozenset(name for claim in wanted if (name := claim.get("name")))
        is_mirror = MIRROR in (metadata.get("annotations") or ())
        errors += containers.resource_claims(spec, is_mirror, at.child("resourceClaims"))
    around = containers.Surroundings(spec, valid, claims, spec.get("hostUsers") is not False, options)
    errors += containers.regular(spec.get("containers") or (), around, at.child("containers"))
    if items := spec.get("initContainers"):
        errors += containers.init(items, around, at.child("initContainers"))
    if items := spec.get("ephemeralContainers"):
        errors += containers.ephemeral(items, around, at.child("ephemeralContainers"))
    return [*errors, *resources.pod_level(spec, claims, at, options)]


def _host_network(spec: Tree, at: Path, options: Options) -> list[FieldError]:
    """validatePodHostNetworkDeps."""
    errors: list[FieldError] = []
    for i, container in enumerate(spec.get("containers") or ()):
        for j, port in enumerate(container.get("ports") or ()):
            host, own = port.get("hostPort") or 0, port.get("containerPort") or 0
            if host != own and (host or options.is_pod):
                place = at.index(i).child("ports").index(j).child("hostPort")
                errors.append(field.invalid(place, host, "must match `containerPort` when `hostNetwork` is true"))
    return errors


def _dns(spec: Tree, at: Path) -> Errors:
    """validatePodDNSConfig."""
    config = spec.get("dnsConfig")
    if config is None:
        return [field.required(at, "must provide `dnsConfig` when `dnsPolicy` is None")]
    if spec.get("dnsPolicy") == "None" and not config.get("nameservers"):
        return [field.required(at.child("nameservers"), "must provide at least one DNS nameserver when `dnsPolicy` is None")]
    return _dns_config(config, at)


def _dns_config(config: Tree, at: Path) -> list[FieldError]:
    servers, searches = config.get("nameservers") or [], config.get("searches") or []
    errors: list[FieldError] = []
    if len(servers) > 3:
        errors.append(field.invalid(at.child("nameservers"), servers, "must not have more than 3 nameservers"))
    for index, server in enumerate(servers):
        errors += validate_ip_legacy(at.child("nameservers").index(index), server)
    here = at.child("searches")
    if len(searches) > 32:
        errors.append(field.invalid(here, searches, "must not have more than 32 search paths"))
    if len(" ".join(searches).encode()) > 2048:
        errors.append(field.invalid(here, searches, "must not have more than 2048 characters (including spaces) in the search list"))
    for index, search in enumerate(searches):
        if search != ".":
            domain = search.removesuffix(".")
            errors += invalid_each(here.index(index), domain, names.is_dns1123_subdomain_with_underscore(domain))
    for index, option in enumerate(config.get("options") or ()):
        if not option.get("name"):
            errors.append(field.required(at.child("options").index(index), "must not be empty"))
    return errors


def _gates(spec: Tree, at: Path) -> list[FieldError]:
    """validateReadinessGates, validateSchedulingGates."""
    errors: list[FieldError] = []
    for index, gate in enumerate(spec.get("readinessGates") or ()):
        errors += qualified_name(gate.get("conditionType") or "", at.child("readinessGates").index(index).child("conditionType"))
    seen: set[str] = set()
    for index, gate in enumerate(spec.get("schedulingGates") or ()):
        here, name = at.child("schedulingGates").index(index), gate.get("name") or ""
        errors += qualified_name(name, here)
        if name in seen:
            errors.append(field.duplicate(here, name))
        seen.add(name)
    return errors


def _windows_and_users(spec: Tree, at: Path, options: Options) -> list[FieldError]:
    """validateWindowsHostProcessPod, validateHostUsers."""
    errors: list[FieldError] = []
    lists = ("initContainers", "containers", "ephemeralContainers")
    if any(_has_windows_options(holder) for holder in (spec, *(c for n in lists for c in spec.get(n) or ()))):
        errors += security.host_process(spec, at)
    if spec.get("hostUsers") is not False:
        return errors
    detail = "when `hostUsers` is false"
    members = [] if options.allow_user_namespace_with_host_network else [("hostNetwork", "hostNetwork")]
    for member, shown in (*members, ("hostPID", "HostPID"), ("hostIPC", "HostIPC")):
        if spec.get(member):
            errors.append(field.forbidden(at.child(shown), detail))
    if not options.allow_devices_in_user_namespace:
        with_devices = (here for container, here in each_container(spec, at) if container.get("volumeDevices"))
        errors += [field.forbidden(here.child("volumeDevices"), detail) for here in with_devices]
    return errors


def _has_windows_options(holder: Tree) -> bool:
    return bool((holder.get("securityContext") or {}).get("windowsOptions"))


def _hostname_override(spec: Tree, at: Path) -> list[FieldError]:
    """validatePodHostName."""
    name = spec["hostnameOverride"]
    errors: list[FieldError] = []
    if spec.get("setHostnameAsFQDN"):
        errors.append(field.forbidden(at, "may not be specified when setHostnameAsFQDN is true"))
    if spec.get("hostNetwork"):
        errors.append(field.forbidden(at, "may not be specified when hostNetwork is true"))
    if names.byte_length(name) > 64:
        errors.append(field.too_long(at, 64))
    return [*errors, *dns_subdomain(name, at)]


def _names_and_numbers(spec: Tree, at: Path) -> list[FieldError]:
    errors: list[FieldError] = []
    if account := spec.get("serviceAccountName"):
        errors += dns_subdomain(account, at.child("serviceAccountName"))
    if node := spec.get("nodeName"):
        errors += dns_subdomain(node, at.child("nodeName"))
    if (deadline := spec.get("activeDeadlineSeconds")) is not None and not 1 <= deadline <= _MAX_INT32:
        errors.append(field.invalid(at.child("activeDeadlineSeconds"), deadline, names.inclusive_range(1, _MAX_INT32)))
    for member in ("hostname", "subdomain"):
        if name := spec.get(member):
            errors += dns_label(name, at.child(member))
    return errors


def _rest(spec: Tree, at: Path, options: Options) -> list[FieldError]:
    errors: list[FieldError] = []
    if tolerations := spec.get("tolerations"):
        allow = options.allow_comparison_tolerations
        errors += scheduling.tolerations(tolerations, at.child("tolerations"), allow_comparison=allow)
    if aliases := spec.get("hostAliases"):
        errors += scheduling.host_aliases(aliases, at.child("hostAliases"))
    if priority := spec.get("priorityClassName"):
        errors += dns_subdomain(priority, at.child("priorityClassName"))
    if (runtime := spec.get("runtimeClassName")) is not None:
        errors += dns_subdomain(runtime, at.child("runtimeClassName"))
    errors += member_of(spec, "preemptionPolicy", at, _PREEMPTION_POLICIES, optional=True)
    if overhead := spec.get("overhead"):
        errors += resources.container_requirements({"limits": overhead}, (), at.child("overhead"), options)
    if spec.get("os") is not None:
        errors += security.operating_system(spec, at)
    errors += environment.file_key_volumes(spec, at)
    return errors
