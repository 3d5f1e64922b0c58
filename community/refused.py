"""A no that people get an answer to."""

from typing import Any


class Refused(Exception):
    """What was asked for is not to be. Raised before anything is written.

    `key` names the text to say, `values` what stands in it.
    """

    def __init__(self, key: str, **values: Any) -> None:
        super().__init__(key)
        self.key = key
        self.values = values
