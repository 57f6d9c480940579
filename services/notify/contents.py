"""What the audit keeps of the objects of notify that commands change: their rows before and after, by their kind.

Addresses stay in this service, as the rows themselves do; who lists audit entries does not see them.
"""

from typing import Final

from services.notify.calls.tables import CALL, CALL_TASK
from services.notify.codes.tables import POINT_CODE
from services.notify.doors.tables import DOOR
from services.notify.letters.tables import LETTER, LETTER_BATCH
from services.notify.notices.tables import NOTICE, NOTICE_WAY
from services.notify.parties.tables import CONTACT_POINT, PARTY, PARTY_ROLE, VERIFICATION
from services.notify.questions.tables import QUESTION
from shared.db.contents import NONE, Readers, of_tables

CONTENTS: Final[Readers] = {
    "party": of_tables(
        {PARTY: "party_no", CONTACT_POINT: "party_no", PARTY_ROLE: "party_no", VERIFICATION: "party_no"},
        without=("name_sealed", "name_index", "vulnerable_source", "address_sealed", "address_index"),
    ),
    "party_read": NONE,  # looked at, not changed
    "party_lookup": NONE,
    "point_code": of_tables({POINT_CODE: "code_id"}, without=("code_sealed", "code_hash")),
    "call_task": of_tables({CALL_TASK: "notice_id", CALL: "notice_id", NOTICE: "notice_id", NOTICE_WAY: "notice_id"}),
    "door": of_tables({DOOR: "service_point_no"}, without=("address_sealed",)),
    "door_read": NONE,
    "letter_batch": of_tables({LETTER_BATCH: "batch_no", LETTER: "batch_no"}, without=("mark_sealed",)),
    "notice": of_tables({NOTICE: "notice_id"}),
    "question": of_tables({QUESTION: "question_id"}),
}
