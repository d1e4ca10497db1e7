"""The messages of etcd's v3 API that we send and read, and the methods that carry them.

Called by the other files of this package. Numbers and names are etcd's wire contract (api/etcdserverpb, api/mvccpb);
what we never use is left out, and a reader of protobuf skips it. The classes live in a descriptor pool of their own, so that
another etcd client in the same process does not collide with them.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_PACKAGE: Final = "kcompat.etcd"

_MESSAGES: Final = {
    "KeyValue": "key=1:bytes create_revision=2:int64 mod_revision=3:int64 version=4:int64 value=5:bytes lease=6:int64",
    "Event": "type=1:int32 kv=2:KeyValue prev_kv=3:KeyValue",
    "ResponseHeader": "cluster_id=1:uint64 member_id=2:uint64 revision=3:int64 raft_term=4:uint64",
    "RangeRequest": "key=1:bytes range_end=2:bytes limit=3:int64 revision=4:int64 keys_only=8:bool count_only=9:bool",
    "RangeResponse": "header=1:ResponseHeader kvs=2:*KeyValue more=3:bool count=4:int64",
    "PutRequest": "key=1:bytes value=2:bytes lease=3:int64",
    "DeleteRangeRequest": "key=1:bytes",
    "RequestOp": "request_range=1:RangeRequest request_put=2:PutRequest request_delete_range=3:DeleteRangeRequest",
    "ResponseOp": "response_range=1:RangeResponse",
    "Compare": "result=1:int32 target=2:int32 key=3:bytes version=4:int64 create_revision=5:int64 mod_revision=6:int64",
    "TxnRequest": "compare=1:*Compare success=2:*RequestOp failure=3:*RequestOp",
    "TxnResponse": "header=1:ResponseHeader succeeded=2:bool responses=3:*ResponseOp",
    "CompactionRequest": "revision=1:int64",
    "CompactionResponse": "header=1:ResponseHeader",
    "WatchCreateRequest": "key=1:bytes range_end=2:bytes start_revision=3:int64 progress_notify=4:bool prev_kv=6:bool fragment=8:bool",
    "WatchProgressRequest": "",
    "WatchRequest": "create_request=1:WatchCreateRequest progress_request=3:WatchProgressRequest",
    "WatchResponse": "header=1:ResponseHeader watch_id=2:int64 created=3:bool canceled=4:bool compact_revision=5:int64"
    " cancel_reason=6:string fragment=7:bool events=11:*Event",
    "LeaseGrantRequest": "TTL=1:int64",
    "LeaseGrantResponse": "header=1:ResponseHeader ID=2:int64 TTL=3:int64 error=4:string",
    "LeaseRevokeRequest": "ID=1:int64",
    "LeaseRevokeResponse": "header=1:ResponseHeader",
    "LeaseKeepAliveRequest": "ID=1:int64",
    "LeaseKeepAliveResponse": "header=1:ResponseHeader ID=2:int64 TTL=3:int64",
    "StatusRequest": "",
    "StatusResponse": "header=1:ResponseHeader version=2:string dbSize=3:int64",
}

_TYPES: Final = {
    "int64": descriptor_pb2.FieldDescriptorProto.TYPE_INT64,
    "uint64": descriptor_pb2.FieldDescriptorProto.TYPE_UINT64,
    "int32": descriptor_pb2.FieldDescriptorProto.TYPE_INT32,
    "bool": descriptor_pb2.FieldDescriptorProto.TYPE_BOOL,
    "string": descriptor_pb2.FieldDescriptorProto.TYPE_STRING,
    "bytes": descriptor_pb2.FieldDescriptorProto.TYPE_BYTES,
}


def _add_field(message: descriptor_pb2.DescriptorProto, text: str) -> None:
    """Adds `name=number:type`; `*` before the type: repeated."""
    name, _, rest = text.partition("=")
    number, _, type_ = rest.partition(":")
    field = message.field.add(name=name, number=int(number))
    field.label = field.LABEL_REPEATED if type_.startswith("*") else field.LABEL_OPTIONAL
    type_ = type_.removeprefix("*")
    if type_ in _TYPES:
        field.type = _TYPES[type_]
    else:
        field.type, field.type_name = field.TYPE_MESSAGE, f".{_PACKAGE}.{type_}"


def _classes() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(name="kcompat/etcd.proto", package=_PACKAGE, syntax="proto2")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field in fields.split():
            _add_field(message, field)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}")) for name in _MESSAGES}


_CLASSES: Final = _classes()

Compare: Any = _CLASSES["Compare"]
CompactionRequest: Any = _CLASSES["CompactionRequest"]
DeleteRangeRequest: Any = _CLASSES["DeleteRangeRequest"]
LeaseGrantRequest: Any = _CLASSES["LeaseGrantRequest"]
LeaseKeepAliveRequest: Any = _CLASSES["LeaseKeepAliveRequest"]
LeaseRevokeRequest: Any = _CLASSES["LeaseRevokeRequest"]
PutRequest: Any = _CLASSES["PutRequest"]
RangeRequest: Any = _CLASSES["RangeRequest"]
RequestOp: Any = _CLASSES["RequestOp"]
StatusRequest: Any = _CLASSES["StatusRequest"]
TxnRequest: Any = _CLASSES["TxnRequest"]
WatchCreateRequest: Any = _CLASSES["WatchCreateRequest"]
WatchProgressRequest: Any = _CLASSES["WatchProgressRequest"]
WatchRequest: Any = _CLASSES["WatchRequest"]

EQUAL, GREATER = 0, 1
VERSION, CREATE, MOD = 0, 1, 2
PUT, DELETE = 0, 1


class Method(NamedTuple):
    """A gRPC method: its path and how to write its request and read its response."""

    path: str
    serialize: Any
    deserialize: Any


def _method(path: str, name: str) -> Method:
    return Method(f"/etcdserverpb.{path}", _CLASSES[f"{name}Request"].SerializeToString, _CLASSES[f"{name}Response"].FromString)


RANGE: Final = _method("KV/Range", "Range")
TXN: Final = _method("KV/Txn", "Txn")
COMPACT: Final = _method("KV/Compact", "Compaction")
WATCH: Final = _method("Watch/Watch", "Watch")
LEASE_GRANT: Final = _method("Lease/LeaseGrant", "LeaseGrant")
LEASE_REVOKE: Final = _method("Lease/LeaseRevoke", "LeaseRevoke")
LEASE_KEEP_ALIVE: Final = _method("Lease/LeaseKeepAlive", "LeaseKeepAlive")
STATUS: Final = _method("Maintenance/Status", "Status")
