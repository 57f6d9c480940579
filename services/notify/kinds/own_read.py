"""Whoever could not be read is asked what the meter shows (自报), and answers with the figures."""

from datetime import date

from services.notify.notices.domain import causes
from services.notify.notices.domain.causes import Cause
from services.notify.questions.domain.figures import AskedFigure
from services.notify.templates.domain import ASKING, HOW_TO_ANSWER, Kind, Template, Text
from shared.events.own_reads import OwnReadAsked

NAME = "own_read"


def cause(fact: OwnReadAsked) -> Cause:
    """Ask what the meter shows."""
    return causes.question(
        fact,
        template=NAME,
        figures={"meter_no": fact.meter_no, "read_date": fact.read_date.isoformat(), "figure": ""},
    )


def asked(fact: OwnReadAsked) -> tuple[AskedFigure, ...]:
    """Return the figures that an answer brings: one for each register."""
    return tuple(AskedFigure(each.quantity, each.digits - each.scale, each.scale) for each in fact.registers)


ZH = Text(
    subject="{asked}请自报电能表示数 户号 {account_no}",
    body="""\
尊敬的客户：

{read_date} 抄表日我们未能抄到您的电能表。请您尽快查看电能表显示的示数并告知我们，以免按估算计费；下次抄表时将予以核对。
户号：{account_no}，用电地点：{service_point_no}
电能表编号：{meter_no}

{answering}
""",
    words={
        "asked": {"again": "【再次提醒】", "*": ""},
        "answering": HOW_TO_ANSWER["zh"],
        "answer": {"reported": "我的电能表显示如上", "*": "{answer}"},
        "figure": {
            "import": "用电示数（正向有功总，kWh）",
            "import.sharp": "用电示数（正向有功尖，kWh）",
            "import.peak": "用电示数（正向有功峰，kWh）",
            "import.flat": "用电示数（正向有功平，kWh）",
            "import.valley": "用电示数（正向有功谷，kWh）",
            "export": "上网示数（反向有功总，kWh）",
            "demand": "最大需量（kW）",
            "*": "示数 {figure}",
        },
    },
)

EN = Text(
    subject="{asked}What does your meter show? Account {account_no}",
    body="""\
Dear customer,

we could not read your meter on {read_date}. Please look at it as soon as you can and tell us what it shows, so that we \
need not estimate what you used. The next reading checks it.
Account {account_no}, supply {service_point_no}
Number of the meter: {meter_no}

{answering}
""",
    words={
        "asked": {"again": "Reminder: ", "*": ""},
        "answering": HOW_TO_ANSWER["en"],
        "answer": {"reported": "This is what my meter shows", "*": "{answer}"},
        "figure": {
            "import": "Used, total (kWh)",
            "import.sharp": "Used, sharp peak (kWh)",
            "import.peak": "Used, peak (kWh)",
            "import.flat": "Used, flat (kWh)",
            "import.valley": "Used, valley (kWh)",
            "export": "Fed in, total (kWh)",
            "demand": "Highest demand (kW)",
            "*": "Register {figure}",
        },
    },
)

KIND = Kind(
    name=NAME,
    fact=OwnReadAsked,
    cause=cause,
    figures={**ASKING, "meter_no": str, "read_date": str, "figure": str},
    roles=frozenset({"holder", "tenant"}),
    legal_effect=False,
    templates=(Template(NAME, 1, date(2000, 1, 1), {"zh": ZH, "en": EN}),),
    supplied_on="asked_on",
    asked=asked,
    tenants_alone=True,
)
