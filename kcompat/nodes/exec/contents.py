"""What a simulated container is given: its environment and the files of its volumes, read from the API as the node. Called by remote.py.

Answers pkg/kubelet/kubelet_pods.go: makeEnvironmentVariables, envvars.FromServices, and the volume plugins configmap, secret, downwardapi,
projected and emptydir.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable, Mapping
from typing import Any

from kcompat.apimachinery import meta, quantity
from kcompat.apimachinery.errors import StatusError
from kcompat.client.client import Client
from kcompat.client.resources import CONFIG_MAPS, SECRETS, SERVICE_ACCOUNTS, SERVICES, ResourceType
from kcompat.nodes.environment import expand
from kcompat.nodes.exec.files import Mount, Volume

Tree = Mapping[str, Any]
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Contents:
    """Of one pod, as its node sees it. `kept` holds by name the volumes that live as long as the pod."""

    def __init__(self, client: Client, pod: Tree, node: Tree | None, kept: dict[str, Volume]) -> None:
        self._client = client
        self._pod = pod
        self._node = node or {}
        self._kept = kept
        self._read: dict[tuple[ResourceType, str], dict[str, bytes]] = {}

    # -- environment

    async def environment(self, container: Tree, hostname: str) -> dict[str, str]:
        """Variables by name, in the order in which they are made. Raises StatusError."""
        found = {"PATH": PATH, "HOSTNAME": hostname}
        services = await self._services()
        for source in container.get("envFrom") or ():
            prefix = source.get("prefix") or ""
            for kind, key in ((CONFIG_MAPS, "configMapRef"), (SECRETS, "secretRef")):
                if reference := source.get(key):
                    data = await self._data(kind, reference["name"], optional=reference.get("optional"))
                    found |= {prefix + name: value.decode(errors="replace") for name, value in data.items()}
        for variable in container.get("env") or ():
            source = variable.get("valueFrom")
            known = {**services, **found}
            value = expand(variable.get("value") or "", known) if source is None else await self._value(container, source)
            if value is not None:
                found[variable["name"]] = value
        return {**found, **{name: value for name, value in services.items() if name not in found}, "HOME": "/root"}

    async def _value(self, container: Tree, source: Tree) -> str | None:
        if (reference := source.get("fieldRef")) is not None:
            return self.field(reference["fieldPath"])
        if (reference := source.get("resourceFieldRef")) is not None:
            return self.resource(reference, container)
        for kind, key in ((CONFIG_MAPS, "configMapKeyRef"), (SECRETS, "secretKeyRef")):
            if (reference := source.get(key)) is not None:
                data = await self._data(kind, reference["name"], optional=reference.get("optional"))
                value = data.get(reference["key"])
                return None if value is None else value.decode(errors="replace")
        return None

    async def _services(self) -> dict[str, str]:
        """Of the pod's namespace, where it wants them, and the API's own."""
        namespace = meta.namespace(self._pod)
        found: dict[str, str] = {}
        wanted = self._pod["spec"].get("enableServiceLinks", True)
        services = (await self._client.of(SERVICES).list(namespace))["items"] if wanted else []
        if namespace != "default" or not wanted:
            services.append(await self._client.of(SERVICES).get("kubernetes", "default"))
        for service in sorted(services, key=lambda service: meta.creation_timestamp(service)):
            if service["spec"].get("clusterIP") not in (None, "", "None"):
                found |= _service_variables(service)
        return found

    # -- volumes

    async def mounts(self, container: Tree) -> list[Mount]:
        """Raises StatusError."""
        volumes = {volume["name"]: volume for volume in self._pod["spec"].get("volumes") or ()}
        found = []
        for mount in container.get("volumeMounts") or ():
            content = await self._volume(volumes[mount["name"]])
            path = "/" + mount["mountPath"].strip("/")
            found.append(Mount(path, content, (mount.get("subPath") or "").strip("/"), bool(mount.get("readOnly"))))
        return found

    async def _volume(self, volume: Tree) -> Volume:
        if (source := volume.get("configMap")) is not None:
            return Volume(await self._chosen(CONFIG_MAPS, source["name"], source), read_only=True)
        if (source := volume.get("secret")) is not None:
            return Volume(await self._chosen(SECRETS, source["secretName"], source), read_only=True)
        if (source := volume.get("downwardAPI")) is not None:
            return Volume(self._downward(source.get("items") or ()), read_only=True)
        if (source := volume.get("projected")) is not None:
            return Volume(await self._projected(source), read_only=True)
        return self._kept.setdefault(volume["name"], Volume())

    async def _chosen(self, kind: ResourceType, name: str, source: Tree) -> dict[str, bytes | None]:
        data = await self._data(kind, name, optional=source.get("optional"))
        items = source.get("items")
        return {item["path"]: data[item["key"]] for item in items if item["key"] in data} if items else {**data}

    def _downward(self, items: Iterable[Tree]) -> dict[str, bytes | None]:
        found: dict[str, bytes | None] = {}
        for item in items:
            if (reference := item.get("fieldRef")) is not None:
                value = self.field(reference["fieldPath"], files=True) or ""
            else:
                reference = item["resourceFieldRef"]
                named: Tree = next((c for c in self._pod["spec"]["containers"] if c["name"] == reference.get("containerName")), {})
                value = self.resource(reference, named) or ""
            found[item["path"]] = value.encode()
        return found

    async def _projected(self, source: Tree) -> dict[str, bytes | None]:
        found: dict[str, bytes | None] = {}
        for each in source.get("sources") or ():
            for kind, key in ((CONFIG_MAPS, "configMap"), (SECRETS, "secret")):
                if (reference := each.get(key)) is not None:
                    found |= await self._chosen(kind, reference["name"], reference)
            if (reference := each.get("downwardAPI")) is not None:
                found |= self._downward(reference.get("items") or ())
            if (reference := each.get("serviceAccountToken")) is not None:
                found[reference["path"]] = await self._token(reference)
        return found

    async def _token(self, wanted: Tree) -> bytes:
        pod = {"apiVersion": "v1", "kind": "Pod", "name": meta.name(self._pod), "uid": meta.uid(self._pod)}
        audience = wanted.get("audience")
        spec = {"audiences": [audience] if audience else [], "expirationSeconds": wanted.get("expirationSeconds", 3600), "boundObjectRef": pod}
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
        account = self._pod["spec"].get("serviceAccountName") or "default"
        made = await self._client.of(SERVICE_ACCOUNTS).post(account, "token", body, meta.namespace(self._pod))
        return str(made["status"]["token"]).encode()

    # -- what both are made of

    async def _data(self, kind: ResourceType, name: str, *, optional: bool | None) -> dict[str, bytes]:
        """The data of a ConfigMap or Secret, read once."""
        if (kind, name) not in self._read:
            try:
                tree = await self._client.of(kind).get(name, meta.namespace(self._pod))
            except StatusError as error:
                if error.code != 404 or not optional:
                    raise
                tree = {}
            binary = {key: b64decode(value) for key, value in (tree.get("binaryData") or {}).items()}
            plain = tree.get("data") or {}
            text = {key: b64decode(value) if kind == SECRETS else value.encode() for key, value in plain.items()}
            self._read[kind, name] = text | binary
        return self._read[kind, name]

    def field(self, path: str, *, files: bool = False) -> str | None:
        """What a fieldRef stands for; whole maps are only for files (fieldpath.ExtractFieldPathAsString)."""
        pod, status = self._pod, self._pod.get("status") or {}
        for kind in ("labels", "annotations"):
            entries: Mapping[str, str] = meta.metadata(pod).get(kind) or {}
            if path == f"metadata.{kind}" and files:
                return "\n".join(f'{key}="{_escaped(value)}"' for key, value in sorted(entries.items()))
            if path.startswith(f"metadata.{kind}['"):
                return entries.get(path[len(f"metadata.{kind}['") : -2], "")
        if path == "status.podIPs":
            return ",".join(ip["ip"] for ip in status.get("podIPs") or ())
        if path == "status.hostIPs":
            return ",".join(ip["ip"] for ip in status.get("hostIPs") or ())
        if path == "spec.serviceAccountName":
            return str(pod["spec"].get("serviceAccountName") or "default")
        value = meta.get(pod, path.split("."), "")
        return value if isinstance(value, str) else None

    def resource(self, reference: Tree, container: Tree) -> str | None:
        """A container's limit or request, in units of the divisor, rounded up; without one, what the node has."""
        kind, _, name = reference["resource"].partition(".")
        name = name or kind
        containers = [*(self._pod["spec"].get("containers") or ()), *(self._pod["spec"].get("initContainers") or ())]
        wanted = reference.get("containerName") or container.get("name")
        given = next((c for c in containers if c["name"] == wanted), container).get("resources") or {}
        amount = (given.get(kind) or {}).get(name)
        if amount is None:
            amount = ((self._node.get("status") or {}).get("allocatable") or {}).get(name) if kind == "limits" else "0"
        divisor = quantity.from_json(reference.get("divisor") or "1")
        if str(divisor) == "0":
            divisor = quantity.from_json("1")
        total = quantity.from_json(amount or "0")
        return str(-(-total.milli_value() // max(divisor.milli_value(), 1)))


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _service_variables(service: Tree) -> dict[str, str]:
    """Docker's links (pkg/kubelet/envvars)."""
    prefix = meta.name(service).upper().replace("-", "_")
    host, ports = service["spec"]["clusterIP"], service["spec"].get("ports") or ()
    if not ports:
        return {}
    found = {f"{prefix}_SERVICE_HOST": host, f"{prefix}_SERVICE_PORT": str(ports[0]["port"])}
    for port in ports:
        if name := port.get("name"):
            found[f"{prefix}_SERVICE_PORT_{name.upper().replace('-', '_')}"] = str(port["port"])
    shown = f"[{host}]" if ":" in host else host
    for index, port in enumerate(ports):
        protocol, number = (port.get("protocol") or "TCP"), port["port"]
        url, link = f"{protocol.lower()}://{shown}:{number}", f"{prefix}_PORT_{number}_{protocol}"
        if index == 0:
            found[f"{prefix}_PORT"] = url
        found |= {link: url, f"{link}_PROTO": protocol.lower(), f"{link}_PORT": str(number), f"{link}_ADDR": host}
    return found
