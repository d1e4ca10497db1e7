"""Exec, attach and port-forward: what the API server does before the node takes over, and the node's side for simulated nodes.

Called by the actions of those subresources. Upstream: pkg/registry/core/pod/rest/subresources.go, pkg/kubelet/server/server.go.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from kcompat.api import channels, kubelets, parameters, pipeline, spdy, spdy_commands, websocket
from kcompat.api import port_forward as forwarding
from kcompat.api.channels import Channels, Options
from kcompat.api.hijack import Hijacked
from kcompat.api.kubelets import Location
from kcompat.api.request import Answer, Query, Request, Response, Tree, UpgradeResponse
from kcompat.api.scope import Scope
from kcompat.api.spdy import Connection
from kcompat.api.spdy_commands import HijackedCarrier, SpdyStreams
from kcompat.apimachinery import errors
from kcompat.apimachinery.quote import quote
from kcompat.apimachinery.remote_command import CommandFailed, Kubelet, Refused, Streams
from kcompat.auth.interface import Decision

_MAX_PORT = 65535
_NO_UPGRADE = "unable to upgrade: missing upgrade headers in request"
SUCCESS: Mapping[str, Any] = {"metadata": {}, "status": "Success"}
Command = Callable[[Streams], Awaitable[int]]


async def exec_(request: Request, scope: Scope) -> Answer:
    pod, container, location = await _prepared(request, scope, needs_container=True)
    command = request.query.all("command")
    if (kubelet := location.simulated) is None:
        return await _proxied(request, scope, location, _path("exec", pod, container), [("command", word) for word in command])

    async def run(streams: Streams) -> int:
        return await kubelet.exec(pod, container, command, streams)

    return _served(request, kubelet, pod, container, "exec", run)


async def attach(request: Request, scope: Scope) -> Answer:
    pod, container, location = await _prepared(request, scope, needs_container=True)
    if (kubelet := location.simulated) is None:
        return await _proxied(request, scope, location, _path("attach", pod, container), [])

    async def run(streams: Streams) -> int:
        await kubelet.attach(pod, container, streams)
        return 0

    return _served(request, kubelet, pod, container, "attach", run)


async def port_forward(request: Request, scope: Scope) -> Answer:
    ports = [_port(text) for each in request.query.all("ports") for text in each.split(",")]
    pod, _, location = await _prepared(request, scope, needs_container=False)
    if (kubelet := location.simulated) is None:
        query = [("port", ",".join(str(port) for port in ports))] if ports else []
        return await _proxied(request, scope, location, _path("portForward", pod, "").rstrip("/"), query)
    try:
        kubelet.check(pod, "", "port-forward")
    except Refused as refusal:
        return plain(refusal.code, str(refusal))
    if not websocket.is_requested(request.headers) and not _is_spdy(request):
        return plain(400, _NO_UPGRADE)
    if websocket.is_requested(request.headers) and forwarding.TUNNELLED not in websocket.subprotocols(request.headers):
        if not ports:
            return plain(400, 'query parameter "port" is required')
        if not all(0 < port < 1 << 16 for port in ports):
            return plain(400, f'port "{ports[0]}" must be > 0')
    name = f"{pod['metadata']['name']}_{pod['metadata']['namespace']}, uid {pod['metadata']['uid']}"

    async def forward(port: int, streams: Streams) -> None:
        await kubelet.forward(pod, port, streams)

    return UpgradeResponse(lambda stream: forwarding.serve(stream, request, name, ports, forward))


def _is_spdy(request: Request) -> bool:
    return spdy.UPGRADE.lower() in request.headers.get("Upgrade", "").lower()


def _port(text: str) -> int:
    """Raises BadRequest (upstream: Convert_Slice_string_To_Slice_int32)."""
    why = "invalid syntax" if not (text.isascii() and text.isdigit()) else "value out of range" if int(text) > _MAX_PORT else ""
    if why:
        raise errors.bad_request(f"cannot convert to []int32: strconv.ParseUint: parsing {quote(text)}: {why}")
    return int(text)


async def _prepared(request: Request, scope: Scope, *, needs_container: bool) -> tuple[Tree, str, Location]:
    """The pod, its container and its node. Raises every error that comes before the node is asked."""
    query = request.query
    if "dryRun" in query:
        raise errors.bad_request("dryRun is not supported")
    await _check_may_create(request, scope)
    pod = (await scope.store.get(scope.namespace, scope.name)).peek()
    container = kubelets.chosen_container(pod, query.get("container")) if needs_container else ""
    node = pod["spec"].get("nodeName", "")
    if not node:
        raise errors.bad_request(f"pod {scope.name} does not have a host assigned")
    location = await kubelets.location_of(scope, node)
    if "upgrade" not in request.headers.get("Connection", "").lower():
        raise errors.bad_request("Upgrade request required")
    return pod, container, location


async def _check_may_create(request: Request, scope: Scope) -> None:
    """WebSockets come as a get, but ask for no less than SPDY's create (rest/authorize.go:ensureAuthorizedForVerb)."""
    if request.info.verb == "create":
        return
    asked = replace(pipeline.attributes_of(request), verb="create")
    verdict = await scope.services.authorizer.authorize(asked)
    if verdict.decision is not Decision.ALLOW:
        raise errors.forbidden(scope.resource.group, scope.resource.name, scope.name, verdict.reason)


def _path(action: str, pod: Tree, container: str) -> str:
    return f"/{action}/{pod['metadata']['namespace']}/{pod['metadata']['name']}/{container}"


def _stream_parameters(query: Query) -> list[tuple[str, str]]:
    """As the kubelet names them (strategy.go:streamParams)."""
    names = (("stdin", "input"), ("stdout", "output"), ("stderr", "error"), ("tty", "tty"))
    return [(theirs, "1") for ours, theirs in names if parameters.boolean(query, ours)]


async def _proxied(request: Request, scope: Scope, location: Location, path: str, query: list[tuple[str, str]]) -> Answer:
    from kcompat.api import proxying

    return await proxying.upgrade(request, proxying.kubelet(scope, location), path, [*_stream_parameters(request.query), *query])


# -- simulated nodes


def _served(request: Request, kubelet: Kubelet, pod: Tree, container: str, action: str, run: Command) -> Answer:
    """The kubelet's answer to a stream request: plain refusals, or the upgrade."""
    given = {name: bool(parameters.boolean(request.query, name)) for name in ("stdin", "stdout", "stderr", "tty")}
    options = Options(given["stdin"], given["stdout"], given["stderr"] and not given["tty"], given["tty"])
    if not (options.stdin or options.stdout or options.stderr):
        return plain(400, "you must specify at least 1 of stdin, stdout, stderr")
    try:
        kubelet.check(pod, container, action)
    except Refused as refusal:
        return plain(refusal.code, str(refusal))
    if websocket.is_requested(request.headers):
        return _over_websocket(request, options, action, run)
    if _is_spdy(request):
        return _over_spdy(request, options, action, run)
    return plain(400, _NO_UPGRADE)


def plain(code: int, text: str) -> Response:
    """What a kubelet says, as it says it."""
    return Response(code, text.encode(), "text/plain; charset=utf-8")


def _over_websocket(request: Request, options: Options, action: str, run: Command) -> UpgradeResponse:
    offered = websocket.subprotocols(request.headers)
    protocols = (channels.V5,) if channels.V5 in offered else channels.OLDER

    async def serve(stream: Hijacked) -> None:
        socket = await websocket.accept(stream, request.method, request.headers, protocols)
        if socket is None:
            return
        open_channels = Channels(socket, options)
        await open_channels.open()
        await converse(open_channels, run, action, translated=socket.protocol == channels.V5)

    return UpgradeResponse(serve)


def _over_spdy(request: Request, options: Options, action: str, run: Command) -> UpgradeResponse:
    async def serve(stream: Hijacked) -> None:
        offered = ",".join(value for name, value in request.headers.items() if name.lower() == "x-stream-protocol-version")
        protocol = await spdy.handshake(stream.write, offered, spdy_commands.PROTOCOLS)
        if protocol is None:
            return
        streams = SpdyStreams(Connection(HijackedCarrier(stream)), protocol, options)

        async def run_when_open(streams_: Streams) -> int:
            await streams.opened()
            return await run(streams_)

        await converse(streams, run_when_open, action, translated=False)

    return UpgradeResponse(serve)


class Conversation(Streams, Protocol):
    """Streams that have to be listened to, and end with a status."""

    async def listen(self) -> None: ...

    async def end(self, status: Mapping[str, Any]) -> None: ...


async def converse(streams: Conversation, run: Command, action: str, *, translated: bool) -> None:
    """Runs the command until it ends or the client goes."""
    listening = asyncio.create_task(streams.listen())
    running = asyncio.create_task(_status(streams, run, action, translated=translated))
    try:
        await asyncio.wait((listening, running), return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            await streams.end(running.result())
    finally:
        for task in (listening, running):
            task.cancel()
        await asyncio.gather(listening, running, return_exceptions=True)


async def _status(streams: Streams, run: Command, action: str, *, translated: bool) -> Mapping[str, Any]:
    """What a command's end is called. Over v5 the API server's translator has read it first, which shows in the words."""
    try:
        code = await run(streams)
    except CommandFailed as failure:
        doing = "error executing command in container" if action == "exec" else "error attaching to container"
        message = f"Internal error occurred: {doing}: {failure}"
        if not translated:
            return {"metadata": {}, "status": "Failure", "message": message, "reason": "InternalError", "code": 500}
        return {"metadata": {}, **{key: value for key, value in errors.internal_error(message).status().items() if key not in ("kind", "apiVersion")}}
    if code == 0:
        return SUCCESS
    said = f"command terminated with exit code {code}" if translated else f"error executing command, exit code {code}"
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: {said}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
    }
