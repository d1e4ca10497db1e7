"""Lists: resourceVersion × match × limit × continue, selectors good and bad, chunks, forms."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from urllib.parse import quote

from conformance.differential.script import Script, Session

_TABLE = "application/json;as=Table;g=meta.k8s.io;v=v1"
_LABELS = (
    "a=1", "a==1", "a!=1", "a", "!a", "a in (1,2)", "a notin (1,2)", "a in (1)", "a in ()", "a,b=x", "a>0", "a<2", "a>x", "b exists", "a=", "a=1,", ",a=1", "",
    " a = 1 , b ", "a in 1", "a in (1", "a in 1)", "a!", "a=b=c", "a b", "=1", "a===1", "x/y/z=1", "UPPER.com/a=1", "a=bad value!", "a=-x", "a in (1, -x)",
    f"{'a' * 64}=1", f"a={'b' * 64}", "a%", "a notin ()", "a in (,1)", "a>1.5", "a<", "!a=1", "a!!=1", "!", "(", "a,,b", "a in(1)", "a notin(1),b",
)  # fmt: skip
_FIELDS = (
    "metadata.name=one", "metadata.name==one", "metadata.name!=one", "metadata.namespace=default", "metadata.name=", "metadata.name", "metadata.name=a,metadata.name=b",
    "metadata.name=one,metadata.namespace!=x", "metadata.uid=1", "spec.nodeName=x", "status.phase=Pending", "data.a=1", "", ",", "a=b=c", "metadata.name=a\\,b", "metadata.name=a\\b",
    "metadata.name in (a)", "=x", "metadata.name=ONE", " metadata.name = one ", "status.phase!=", "spec.restartPolicy=Always", "spec.schedulerName=default-scheduler",
    "spec.serviceAccountName=", "spec.hostNetwork=false", "status.podIP=", "status.nominatedNodeName=", "spec.nodeName=,status.phase=Pending", "metadata.name=one,spec.bad=1",
)  # fmt: skip
_SELECTABLE = {
    "/api/v1/nodes": ("spec.unschedulable=false", "metadata.name=x", "spec.taints=x"),
    "/api/v1/namespaces": ("status.phase=Active", "name=default", "metadata.name=default"),
    "/api/v1/secrets": ("type=Opaque", "metadata.namespace=default", "data=x"),
    "/api/v1/events": ("involvedObject.kind=Pod", "reason=x", "reportingComponent=x", "source=x", "type=Normal", "involvedObject.bad=x", "regarding.kind=Pod"),
    "/api/v1/services": ("spec.clusterIP=None", "spec.type=ClusterIP", "spec.bad=x"),
    "/api/v1/replicationcontrollers": ("status.replicas=0", "status.bad=0"),
    "/api/v1/persistentvolumes": ("metadata.name=x", "spec.claimRef=x"),
    "/apis/apps/v1/replicasets": ("status.replicas=0", "metadata.name=x"),
    "/apis/apps/v1/deployments": ("status.replicas=0", "metadata.name=x"),
    "/apis/batch/v1/jobs": ("status.successful=0", "status.succeeded=0"),
    "/apis/events.k8s.io/v1/events": ("regarding.kind=Pod", "reason=x", "reportingController=x", "type=x", "involvedObject.kind=Pod", "reportingComponent=x"),
    "/apis/certificates.k8s.io/v1/certificatesigningrequests": ("spec.signerName=x", "spec.username=x"),
    "/apis/certificates.k8s.io/v1/clustertrustbundles": ("spec.signerName=x", "spec.trustBundle=x"),
    "/apis/certificates.k8s.io/v1/podcertificaterequests": ("spec.signerName=x", "spec.podName=p", "spec.nodeName=n", "spec.podUID=u"),
    "/apis/resource.k8s.io/v1/resourceslices": ("spec.nodeName=n", "spec.driver=d", "spec.pool.name=p", "spec.pool=p"),
    "/apis/resource.k8s.io/v1/resourceclaims": ("metadata.name=x", "status.allocated=true"),
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions": ("metadata.name=x", "spec.group=x"),
    "/apis/apiregistration.k8s.io/v1/apiservices": ("metadata.name=x", "spec.group=x"),
}


def scripts() -> Iterator[Script]:
    yield Script("lists", "options", _options, waits=True)
    yield Script("lists", "chunks", _chunks)
    yield Script("lists", "continue-tokens", _continue_tokens)
    yield Script("selectors", "labels", _labels)
    yield Script("selectors", "fields", _fields)
    yield Script("selectors", "fields-of-kinds", _fields_of_kinds)
    yield Script("lists", "get", _get)
    yield Script("lists", "parameters", _parameters)
    yield Script("lists", "all-namespaces", _all_namespaces)


async def _config_maps(s: Session, count: int = 5) -> str:
    """Five ConfigMaps; the revision of the first."""
    first = ""
    for number in range(count):
        body = {"metadata": {"name": f"c{number}", "labels": {"a": str(number), **({"b": "x"} if number % 2 else {})}}, "data": {"n": str(number)}}
        made = await s.quiet("POST", f"{s.core}/configmaps", body)
        first = first or made.at("metadata.resourceVersion")
    return first


async def _options(s: Session) -> None:
    """Every combination of resourceVersion, match and limit; with a continue token as well."""
    first = await _config_maps(s)
    root = f"{s.core}/configmaps"
    page = await s.quiet("GET", f"{root}?limit=2")
    revisions = {"": "", "0": "0", "first": first, "future": "999999999", "bad": "abc", "negative": "-1"}
    matches = ("", "Exact", "NotOlderThan", "Wrong")
    for (name, revision), match, limit in product(revisions.items(), matches, ("", "2", "0")):
        given = {"resourceVersion": revision, "resourceVersionMatch": match, "limit": limit}
        if name == "future" and match not in ("", "Exact"):
            continue  # three seconds each
        if name == "future" and (match, limit) not in (("", ""), ("Exact", "2")):
            continue
        query = "&".join(f"{key}={value}" for key, value in given.items() if value)
        await s.ask("GET", f"{root}?{query}", note=name)
    token = page.at("metadata.continue")
    for (name, revision), match, limit in product(revisions.items(), matches, ("", "2")):
        if name != "future":
            query = "&".join(f"{key}={value}" for key, value in (("resourceVersion", revision), ("resourceVersionMatch", match), ("limit", limit)) if value)
            await s.ask("GET", f"{root}?continue={token}&{query}", note=f"{name}, continued")


async def _chunks(s: Session) -> None:
    await _config_maps(s)
    root = f"{s.core}/configmaps"
    for selector in ("", "&labelSelector=b%3Dx", "&fieldSelector=metadata.name!%3Dc0"):
        for accept in (None, _TABLE, "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"):
            token, rounds = "", 0
            while rounds == 0 or (token and rounds < 5):
                page = await s.ask("GET", f"{root}?limit=2{selector}&continue={token}", Accept=accept)
                token, rounds = page.at("metadata.continue"), rounds + 1
    page = await s.ask("GET", f"{root}?limit=2")
    await s.ask("DELETE", f"{root}/c3")
    await s.ask("POST", root, {"metadata": {"name": "c2a"}})
    await s.ask("GET", f"{root}?limit=2&continue={page.at('metadata.continue')}", note="as of the first page")
    await s.ask("GET", f"{root}?continue={page.at('metadata.continue')}", note="all that is left")
    await s.ask("GET", f"{root}?limit=5", note="exactly as many")
    await s.ask("GET", f"{root}?limit=1000000000000")
    await s.ask("GET", f"/api/v1/configmaps?limit=1&labelSelector=a%3D1&fieldSelector=metadata.namespace%3D{s.namespace}")


async def _continue_tokens(s: Session) -> None:
    await _config_maps(s)
    root = f"{s.core}/configmaps"
    token = (await s.quiet("GET", f"{root}?limit=2")).at("metadata.continue")
    for bad in ("bad", "bad!", "e30", "eyJ2IjoibWV0YS5rOHMuaW8vdjEifQ", "bnVsbA", "W10", "eyJ2IjoiYSIsInJ2IjoxLCJzdGFydCI6IngifQ",
                "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MCwic3RhcnQiOiJ4In0", "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiIuLi94In0"):  # fmt: skip
        await s.ask("GET", f"{root}?limit=2&continue={bad}", note=bad)
    await s.ask("GET", f"{s.core}/secrets?limit=2&continue={token}", note="of another resource")
    await s.ask("GET", f"{root}?continue={token}&watch=true", note="on a watch")
    await s.ask("DELETE", f"{root}?dryRun=All&limit=1&continue={token}", note="on a deletion")


async def _labels(s: Session) -> None:
    await _config_maps(s)
    for selector in _LABELS:
        await s.ask("GET", f"{s.core}/configmaps?labelSelector={quote(selector)}", note=selector, Accept="application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1")


async def _fields(s: Session) -> None:
    pod = {"containers": [{"name": "c", "image": "i"}], "automountServiceAccountToken": False}
    await s.quiet("POST", f"{s.core}/pods", {"metadata": {"name": "one"}, "spec": pod})
    await s.quiet("POST", f"{s.core}/pods", {"metadata": {"name": "two"}, "spec": {**pod, "nodeName": "x", "restartPolicy": "Never"}})
    for selector in _FIELDS:
        await s.ask("GET", f"{s.core}/pods?fieldSelector={quote(selector)}", note=selector, Accept="application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1")


async def _fields_of_kinds(s: Session) -> None:
    for root, selectors in _SELECTABLE.items():
        for selector in selectors:
            await s.ask("GET", f"{root}?labelSelector=none&fieldSelector={quote(selector)}", note=selector)


async def _get(s: Session) -> None:
    first = await _config_maps(s, 1)
    path = f"{s.core}/configmaps/c0"
    for revision in ("", "0", first, "abc", "-1"):
        await s.ask("GET", f"{path}?resourceVersion={revision}")
    for query in ("resourceVersionMatch=Exact", "limit=1", "watch=false", "labelSelector=a", "nonsense=1", "export=true", "exact=true", "timeoutSeconds=x", "pretty", "pretty=false"):
        await s.ask("GET", f"{path}?{query}")
    await s.ask("HEAD", path)
    await s.ask("GET", f"{path}/")
    await s.ask("GET", f"{s.core}//configmaps/c0")
    await s.ask("GET", f"{s.core}/configmaps/c0%2Fx")
    await s.ask("GET", f"{s.core}/configmaps/C0")


async def _parameters(s: Session) -> None:
    await _config_maps(s, 2)
    root = f"{s.core}/configmaps"
    for query in (
        "limit=x", "limit=-1", "limit=1.5", "limit=", "limit=99999999999999999999", "limit=1&limit=2", "timeoutSeconds=x", "timeoutSeconds=-1", "timeoutSeconds=5",
        "sendInitialEvents=true", "sendInitialEvents=false", "sendInitialEvents=x", "allowWatchBookmarks=x", "allowWatchBookmarks=true", "watch=0", "watch=false", "watch=FALSE", "nonsense=1",
        "resourceVersion=1e3", "resourceVersion=%20", "resourceVersion=00", "resourceVersion=18446744073709551616", "labelSelector", "fieldSelector", "labelSelector=a&labelSelector=b",
        "includeObject=Object", "pretty=true", "pretty=1", "pretty=0", "pretty=nonsense", "%zz", "a=%zz", "labelSelector=%zz", "limit=1;watch=true", "&&&", "=",
    ):  # fmt: skip
        await s.ask("GET", f"{root}?{query}")
    for policy in ("None", "Metadata", "Object", "none", "Wrong", ""):
        await s.ask("GET", f"{root}?includeObject={policy}", Accept=_TABLE)
        await s.ask("GET", f"{root}/c0?includeObject={policy}", Accept=_TABLE)
    await s.ask("GET", root, User_Agent="curl/8.0")
    await s.ask("GET", root, User_Agent="Mozilla/5.0 (X11)")
    await s.ask("GET", f"{root}?pretty=false", User_Agent="curl/8.0")
    await s.ask("GET", f"{root}/absent", User_Agent="curl/8.0")


async def _all_namespaces(s: Session) -> None:
    await _config_maps(s, 2)
    await s.ask("GET", f"/api/v1/configmaps?fieldSelector=metadata.namespace%3D{s.namespace}")
    await s.ask("GET", f"/api/v1/configmaps?fieldSelector=metadata.namespace%3D{s.namespace},metadata.name%3Dc0")
    await s.ask("GET", "/api/v1/namespaces//configmaps?labelSelector=none")
    await s.ask("GET", "/api/v1/namespaces/absent/configmaps")
    await s.ask("GET", "/api/v1/namespaces/absent/configmaps/x")
    await s.ask("GET", "/api/v1/namespaces/BAD_NAME/configmaps")
    await s.ask("GET", "/api/v1/configmaps/c0")
