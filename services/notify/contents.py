"""What the audit keeps of the objects of notify that commands change: their rows before and after, by their kind.

Contacts have names and addresses in them: they stay in this service, as the rows themselves do.
"""

from typing import Final

from services.notify.contacts.tables import CONTACT
from services.notify.notices.tables import NOTICE
from services.notify.questions.tables import QUESTION
from shared.db.contents import Readers, none, of_tables

CONTENTS: Final[Readers] = {
    "account": none,  # looked at, not changed
    "contact": of_tables({CONTACT: "contact_no"}),
    "notice": of_tables({NOTICE: "notice_id"}),
    "question": of_tables({QUESTION: "question_id"}),
}
