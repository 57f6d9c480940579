"""Every fact type, its topic and its partition: the registry that producers, consumers, tests and AsyncAPI share."""

import re
from zlib import crc32

from shared.events import billing, collection, notify, reading
from shared.events.fact import Fact

PARTITIONS = 12  # a topic's parallelism for good: changing it would move keys between partitions
SERVICES = ("reading", "billing", "collection", "notify")
FACTS: dict[str, type[Fact]] = {
    fact.type: fact for module in (reading, billing, collection, notify) for fact in module.FACTS
}


def topic_of(service: str) -> str:
    """Return the topic that a service publishes on."""
    return f"wattline.{service}"


def topic_for(fact: type[Fact]) -> str:
    """Return the topic that facts of this type are published on."""
    return topic_of(fact.type.split(".", 1)[0])


def is_of(topic: str, event_type: str) -> bool:
    """Return whether a type has the form of those that are published on a topic, known here or not."""
    service = topic.rpartition(".")[2]
    return re.fullmatch(rf"{re.escape(service)}\.[a-z][a-z_]*\.v[1-9][0-9]*", event_type, re.ASCII) is not None


TOPICS = tuple(topic_of(service) for service in SERVICES)


def partition_of(key: str) -> int:
    """Return the partition of a key, the same for ever."""
    return crc32(key.encode()) % PARTITIONS
