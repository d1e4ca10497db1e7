"""events.k8s.io: the same events as in the core group, in a shape of their own."""

from kcompat.registry.columns import events
from kcompat.registry.declare import Resource
from kcompat.registry.fields import NEW_EVENT, STORED_EVENT
from kcompat.registry.later import later
from kcompat.registry.rules.event import from_core, to_core

RESOURCES = (
    Resource(
        "events", kind="Event", group="events.k8s.io",
        columns=events.EVENT, rules=later("event.NewEventRules"),
        storage_group="", storage_version="v1", to_storage=to_core, from_storage=from_core, adopt=to_core,
        fields=NEW_EVENT, stored_fields=STORED_EVENT, ttl="event_ttl",
    ),
)
