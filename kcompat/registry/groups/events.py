"""events.k8s.io: the same events as in the core group, in a shape of their own."""

from kcompat.registry.declare import Resource

RESOURCES = (Resource("events", kind="Event", group="events.k8s.io", ttl="event_ttl"),)
