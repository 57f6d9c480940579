"""What people work through: a list that takes every notice, and says later what became of it."""

from services.notify.sending.domain.port import Attempt, Message
from services.notify.sending.gateways.session import Connectionless


class Held(Connectionless):
    """A list of our own, such as that of call tasks: a notice is on it once it is `sent`."""

    async def send(self, message: Message) -> Attempt:
        """Take a message: its notice is all that the list needs."""
        return Attempt("accepted")
