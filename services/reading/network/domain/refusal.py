"""How the domain says no: one item, one stable code."""


class Refused(Exception):
    """This item cannot be taken: `code` is stable, `text` is for people and holds no personal data.

    The codes that all services share bring their own text.
    """

    def __init__(self, code: str, text: str = "") -> None:
        super().__init__(text)
        self.code = code
        self.text = text
