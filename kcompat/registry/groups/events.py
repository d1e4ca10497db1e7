"""events.k8s.io: the same events as in the core group, in a shape of their own."""

from kcompat.registry.columns import events
from kcompat.registry.declare import Resource
from kcompat.registry.fields import NEW_EVENT

RESOURCES = (Resource("events", kind="Event", columns=events.EVENT, fields=NEW_EVENT, group="events.k8s.io", ttl="event_ttl"),)
