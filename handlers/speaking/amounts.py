"""Amounts as everybody reads them."""

MINUTES = 60
HALF = 30


def in_hours(minutes: int) -> str:
    """12.5小时, 35分钟, or 1小时35分 where it is no half hour. With its sign where it is negative."""
    sign, rest = ("-", -minutes) if minutes < 0 else ("", minutes)
    hours, left = divmod(rest, MINUTES)
    if left == HALF:
        return f"{sign}{hours}.5小时"
    if left == 0:
        return f"{sign}{hours}小时"
    return f"{sign}{hours}小时{left}分" if hours else f"{sign}{left}分钟"
