"""Who sits at the command line, as the audit log names them."""

import getpass

PREFIX = "cli:"
NOBODY = "unknown"


def operator() -> str:
    """The name of the account under which a command runs: `cli:root`."""
    try:
        return PREFIX + getpass.getuser()
    except (KeyError, OSError):  # a number without a name, such as in a container
        return PREFIX + NOBODY
