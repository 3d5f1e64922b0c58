"""Names where strangers read them."""


def masked(name: str) -> str:
    """Only the first character: 王**. Always as long, so that the name's length does not show."""
    return f"{name[:1]}**"
