"""The store in an etcd cluster: for control planes of more than one machine.

`backend.py` is what others call; `connection.py` speaks to the members, `watch.py` follows changes, `compaction.py`
forgets history together with other servers, `messages.py` is etcd's wire form. Needs the extra `etcd`.
"""

from kcompat.storage.backends.etcd.backend import EtcdBackend
from kcompat.storage.backends.etcd.connection import Tls

__all__ = ["EtcdBackend", "Tls"]
