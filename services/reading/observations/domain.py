"""Observations (现场发现): what somebody saw at a service point beside its registers. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

Kind = Literal["tamper", "damage", "vacancy", "other_use", "danger"]
"""窃电嫌疑, 设备损坏, 空置, 用电性质不符, 安全隐患."""
Severity = Literal["low", "medium", "high"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What an observer saw, under a number of his own. `evidence`: the number of a picture or paper that the utility keeps."""

    observation_no: str
    kind: str
    severity: str
    evidence: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What an observer saw at a point, as it is kept; it never changes. `order_no`: the site order of the visit."""

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

    @property
    def key(self) -> tuple[str, str]:
        """What makes it the same: its observer and their number."""
        return self.observed_by, self.observation_no

    def says(self, other: "Observation") -> bool:
        """Return whether it has the content of another of its number; which bureau the point has is no content."""
        return replace(other, org_unit=self.org_unit) == self
