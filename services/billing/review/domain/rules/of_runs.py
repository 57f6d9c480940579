"""What is found of a run as a whole (批次): entries of the catalogue whose limits stand in `run` of a policy. Pure."""

from dataclasses import dataclass
from typing import Final

from services.billing.review.domain.words import Words


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRule:
    """A rule of runs: what it looks for, where from, and what is read of it. `section`: its field of `run` in a policy."""

    code: str
    section: str
    source: str
    title: Words
    words: Words


RUN_RULES: Final = (
    RunRule(
        code="billing.run_totals_differ",
        section="",
        source="完整性核对: what the route reports and what billing has is the same, or the run stays open. It has no limit.",
        title=Words("批次合计不符", "Totals of a run that differ"),
        words=Words(
            "抄表段上报 {reported_usages} 户 {reported_sum_wh:kwh}，核算为 {own_usages} 户 {own_sum_wh:kwh}。",
            "The route reported {reported_usages} usages of {reported_sum_wh:kwh}, billing has {own_usages} of {own_sum_wh:kwh}.",
        ),
    ),
    RunRule(
        code="billing.run_sum_changed",
        section="sum_change_percent",
        source="审核: the sum of a run beside the last one. The limit is the product's.",
        title=Words("批次总量突变", "A run whose sum is far from the last one's"),
        words=Words(
            "本次合计 {sum_wh:kwh}，上次为 {last_sum_wh:kwh}。",
            "The run sums to {sum_wh:kwh}, the last one to {last_sum_wh:kwh}.",
        ),
    ),
    RunRule(
        code="billing.run_unread",
        section="unread",
        source="抄表质量: the share of estimates and missed points (估抄率, 漏抄率). The limit is the product's.",
        title=Words("估抄漏抄过多", "Too many points that were not read"),
        words=Words(
            "{points} 个计量点中估抄 {estimated} 个、漏抄 {missed} 个。",
            "Of {points} points {estimated} were estimated and {missed} missed.",
        ),
    ),
    RunRule(
        code="billing.run_unexplained",
        section="unexplained",
        source="抄表质量: each point of a route has a read or a reason why there is none (有无遗漏). It has no limit.",
        title=Words("有遗漏未说明", "Points with neither a read nor a reason"),
        words=Words(
            "{unexplained} 个计量点既无示数也无未抄原因。",
            "{unexplained} points have neither a read nor a reason why there is none.",
        ),
    ),
    RunRule(
        code="billing.first_run_after_change",
        section="after_change",
        source="抄核收工作规范: after a price or software change a trial run, and a sample is looked at (billing.drawn_sample).",
        title=Words("变更后首次发行", "The first run after a change"),
        words=Words(
            "变更后首次发行：{what}；抽样 {drawn} 户。",
            "The first run after a change: {what}; {drawn} points were drawn.",
        ),
    ),
    RunRule(
        code="billing.calendar_year_unknown",
        section="",
        source="抄表次日: a run is due the business day after its read day, which a calendar gives. It has no limit.",
        title=Words("无工作日历", "A run whose due day no calendar gives"),
        words=Words(
            "工作日历无此年份（抄表例日 {read_date}）。",
            "No calendar has the year in which the run is due (read day {read_date}).",
        ),
    ),
)
