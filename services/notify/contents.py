"""What the audit keeps of the objects of notify that commands change: their rows before and after, by their kind.

Addresses stay in this service, as the rows themselves do; who lists audit entries does not see them.
"""

from typing import Final

from services.notify.contacts.tables import CONTACT
from services.notify.notices.tables import NOTICE
from services.notify.questions.tables import QUESTION
from shared.db.contents import NONE, Readers, of_tables

CONTENTS: Final[Readers] = {
    "account": NONE,  # looked at, not changed
    "contact": of_tables({CONTACT: "contact_no"}, personal=("address",)),
    "notice": of_tables({NOTICE: "notice_id"}),
    "question": of_tables({QUESTION: "question_id"}),
}
