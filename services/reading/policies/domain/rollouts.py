"""Rules of roll-outs as data: which types of meters are read remotely, and why one could not be exchanged. Pure."""

from dataclasses import dataclass

from shared.document import Node


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutRules:
    """`remote_types`: types of meters that are read remotely (远程采集); `failed_reasons`: why one was not exchanged."""

    remote_types: tuple[str, ...]
    failed_reasons: tuple[str, ...]


def read(node: Node) -> RolloutRules:
    """Return the rules of a policy."""
    node.keys("remote_types failed_reasons")
    return RolloutRules(
        remote_types=node.get("remote_types").texts(), failed_reasons=node.get("failed_reasons").texts()
    )
