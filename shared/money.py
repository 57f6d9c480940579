"""Money is an integer of fen; this is how it is printed."""


def yuan(fen: int) -> str:
    """Return an amount as it is printed: 123456 fen are `1234.56`."""
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02}"
