"""The keys of databases in tests: the same in every process of one."""

import base64

from storage.sealing import Keys

LINE = "tests:" + base64.b64encode(bytes(range(32))).decode()
KEYS = Keys.read([LINE])
