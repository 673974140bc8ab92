"""Who runs a command: the author of what it does.

The first of these that says something: `--author`, `DSET_AUTHOR`, `identity.author` in the repository's `config.toml`,
the system's user. What somebody wrote has to be `Name <mail>`; the system always has an answer, so nobody is asked.
"""

import os
import pwd
import re
from collections.abc import Callable
from typing import Final

from dvcore.errors import InvalidInputError

VARIABLE: Final = "DSET_AUTHOR"
_FORM: Final = re.compile(r"[^<>]*[^<>\s][^<>]* <[^<>\s]+>")


def find_author(given: str | None = None, configured: Callable[[], str | None] = lambda: None) -> str:
    """The author; `given` is what the option says, None where there was none.

    Raises InvalidInputError where what is said has another form, naming where it is said.
    """
    if given is not None:
        return checked_author(given, "--author")
    from_environment = os.environ.get(VARIABLE, "").strip()
    if from_environment:
        return checked_author(from_environment, VARIABLE)
    return configured() or system_author()


def checked_author(text: str, where: str) -> str:
    """The author in a text.

    Raises InvalidInputError where it is not of the form `Name <mail>`.
    """
    author = " ".join(text.split())
    if not _FORM.fullmatch(author) or not author.isprintable():
        raise InvalidInputError(f"{where}: {text!r} is no author", hint="write 'Name <mail>'")
    return author


def system_author() -> str:
    """Who the system says that runs this: the full name where it has one, and the user at this computer."""
    try:
        user = pwd.getpwuid(os.getuid())
        login, name = user.pw_name, user.pw_gecos.split(",")[0]
    except KeyError:  # no entry for this user, as in many containers
        login = name = f"user-{os.getuid()}"
    login = _plain(login).replace(" ", "-") or f"user-{os.getuid()}"
    return f"{_plain(name) or login} <{login}@{_plain(os.uname().nodename) or 'localhost'}>"


def _plain(text: str) -> str:
    """The text without signs that an author cannot have."""
    return " ".join("".join(sign for sign in text if sign.isprintable() and sign not in "<>").split())
