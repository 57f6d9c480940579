"""Findings of use in words, Chinese and English: each says a figure, what it is compared to, and when. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from services.billing.review.domain.words import Language, Words
from services.billing.uses.domain.evidence import OWN_PAST_SEASON

_TITLES: Final[Mapping[str, Words]] = {
    "billing.use_like_shop": Words("用电像商铺：{score}‰", "Used like a shop: {score} permille"),
    "billing.use_like_workshop": Words("用电像作坊：{score}‰", "Used like a workshop: {score} permille"),
    "billing.use_like_rented_rooms": Words("用电像群租房：{score}‰", "Used like rented rooms: {score} permille"),
    "billing.use_idle": Words("像无人居住：{score}‰", "Nobody seems to live there: {score} permille"),
}
_SHARE: Final = Words(
    "工作日 {hours} 用电占 {value:percent}，居民曲线为 {expected:percent}",
    "on business days {value:percent} is used from {hours}, by a home {expected:percent}",
)
_SAID: Final[Mapping[str, Words]] = {
    "like_profile": Words(
        "{value:percent} 的用电走势符合该用途的典型曲线，工作日超出居民曲线最多在 {hours}",
        "{value:percent} of the use goes like the profile of that use; on business days most beyond a home's from {hours}",
    ),
    "like_profile_since": Words(
        "与本户过去相比，{value:percent} 的用电走势改为该用途的典型曲线，最多在 {hours}",
        "against its own past, {value:percent} of the use has come to go like the profile of that use, most of it from {hours}",
    ),
    "open_hours": _SHARE,
    "work_hours": _SHARE,
    "evening": _SHARE,
    "night": _SHARE,
    "days_off": Words(
        "休息日用电为工作日的 {value:percent}，居民曲线为 {expected:percent}",
        "a day off uses {value:percent} of a business day, in a home {expected:percent}",
    ),
    "like_home": Words(
        "{value:percent} 的用电与居民曲线时段不同",
        "{value:percent} of the use is at other hours than a home's",
    ),
    "like_shop": Words(
        "{value:percent} 的用电走势符合商铺曲线",
        "{value:percent} of the use goes like the profile of a shop",
    ),
    "night_base": Words(
        "{hours} 最低一小时为平均小时的 {value:percent}",
        "the least hour from {hours} is {value:percent} of the mean hour",
    ),
    "evenness": Words(
        "每天最高一小时为平均小时的 {value:percent}",
        "the highest hour of a day is {value:percent} of its mean hour",
    ),
    "quiet_days": Words(
        "{value:percent} 的天数几乎不用电",
        "on {value:percent} of the days next to nothing is used",
    ),
    "low_months": Words(
        "连续 {months} 个月处于极低电量",
        "{months} months in a row are next to nothing",
    ),
    "level_of_class": Words(
        "日均电量为同类居民的 {value:percent}",
        "a day uses {value:percent} of what a home of the class uses",
    ),
    "level_of_past": Words(
        "日均电量为本户过去的 {value:percent}",
        "a day uses {value:percent} of its own past",
    ),
    "level_of_past_of_season": Words(
        "日均电量为本户去年同期的 {value:percent}",
        "a day uses {value:percent} of its own past of the season a year ago",
    ),
    "month_of_holidays": Words(
        "节假日最多的月份日均电量为相邻月份的 {value:percent}",
        "the month with most days off uses {value:percent} of the months beside it",
    ),
}
_NO_CURVE: Final = Words(
    "没有负荷曲线：只依据电量水平和日历，可信度较低",
    "there is no load curve: level and calendar alone are known, the confidence is lower",
)


def explain(code: str, values: Mapping[str, Any], language: Language) -> list[str]:
    """Return what a finding says in a language: its title, then each evidence that gave points, the most first."""
    said = [_TITLES[code].said(language, values)]
    said += [_sentence(each, language) for each in values["evidence"] if each["points"]]
    return said if values["whole_days"] else [*said, _NO_CURVE.said(language, {})]


def _sentence(evidence: Mapping[str, Any], language: Language) -> str:
    name = "level_of_past_of_season" if evidence["against"] == OWN_PAST_SEASON else evidence["what"]
    hours: Sequence[int] = evidence["hours"] or (0, 24)
    text = f"{hours[0]:02d}:00–{hours[1]:02d}:00"
    return _SAID[name].said(language, {**evidence, "hours": text, "months": evidence["value"] // 1000})
