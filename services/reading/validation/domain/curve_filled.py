"""A load curve of a period with slots that were filled."""

from services.reading.validation.domain.findings import Finding

CODE = "reading.curve_filled"


def find(*, straight: int, like_days: int, estimated: int, energy_wh: int) -> Finding | None:
    """Find a curve that rests in part on filled or estimated slots: how many of each, and the energy that they have got."""
    if not straight + like_days + estimated:
        return None
    numbers = {"straight": straight, "like_days": like_days, "estimated": estimated, "energy_wh": energy_wh}
    return Finding(CODE, numbers)
