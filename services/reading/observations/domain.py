"""Observations (现场发现): what somebody saw at a service point beside its registers. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Kind = Literal["tamper", "damage", "vacancy", "other_use", "danger"]
"""窃电嫌疑, 设备损坏, 空置, 用电性质不符, 安全隐患."""
Severity = Literal["low", "medium", "high"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What an observer saw at a point, under a number of his own; it never changes.

    `evidence`: the number of a picture or paper where the utility keeps those. `order_no`: the site order of the visit.
    """

    observation_id: str
    observed_by: str
    observation_no: str
    service_point_no: str
    org_unit: str
    seen_at: datetime
    kind: str
    severity: str
    evidence: str | None
    order_no: str | None
