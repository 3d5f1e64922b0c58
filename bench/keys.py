"""The keys of databases that are measured: the same in every process."""

from tests.keys import KEYS, LINE

__all__ = ["KEYS", "LINE"]
