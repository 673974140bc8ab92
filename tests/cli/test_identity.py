import os
import pwd

import pytest
from support.command import Dset

from dset.identity import checked_author, find_author, system_author
from dvcore.errors import InvalidInputError

ADA = "Ada Lovelace <ada@example.org>"


@pytest.fixture(autouse=True)
def _nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DSET_AUTHOR", raising=False)


@pytest.mark.parametrize("text", [ADA, "  Ada   Lovelace <ada@example.org> ", "Ада Лавлейс <ada@пример.рф>", "a <b>"])
def test_authors(text: str) -> None:
    assert checked_author(text, "here") == " ".join(text.split())


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "Ada",
        "ada@example.org",
        "<ada@example.org>",
        "Ada <>",
        "Ada <a b>",
        "Ada <a> <b>",
        "Ada <a>x",
        "A\x00 <a>",
    ],
)
def test_what_is_no_author(text: str) -> None:
    with pytest.raises(InvalidInputError, match=r"^--author: .* is no author; write 'Name <mail>'$"):
        find_author(text)


def test_the_order(monkeypatch: pytest.MonkeyPatch) -> None:
    def configured() -> str | None:
        return "Cyd <cyd@example.org>"

    assert find_author() == system_author()
    assert find_author(None, configured) == "Cyd <cyd@example.org>"
    for empty in ("", "  "):
        monkeypatch.setenv("DSET_AUTHOR", empty)
        assert find_author(None, configured) == "Cyd <cyd@example.org>"
    monkeypatch.setenv("DSET_AUTHOR", "Eve <eve@example.org>")
    assert find_author(None, configured) == "Eve <eve@example.org>"
    assert find_author(ADA, configured) == ADA
    monkeypatch.setenv("DSET_AUTHOR", "Eve")
    with pytest.raises(InvalidInputError, match="DSET_AUTHOR"):
        find_author()


def user(login: str, full_name: str) -> pwd.struct_passwd:
    return pwd.struct_passwd((login, "x", 7, 7, full_name, "/", "/bin/sh"))


@pytest.mark.parametrize(
    ("login", "full_name", "node", "expected"),
    [
        ("ada", "Ada Lovelace,,,", "engine", "Ada Lovelace <ada@engine>"),
        ("ada", "", "engine", "ada <ada@engine>"),
        ("a da", " <Ada>\x07 ", "", "Ada <a-da@localhost>"),
        ("", "\udce9", "e<n>gine", "user-7 <user-7@engine>"),
    ],
)
def test_the_system_always_has_an_author(
    monkeypatch: pytest.MonkeyPatch, login: str, full_name: str, node: str, expected: str
) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 7)
    monkeypatch.setattr(os, "uname", lambda: os.uname_result(("Linux", node, "6", "1", "x86_64")))
    monkeypatch.setattr(pwd, "getpwuid", lambda _: user(login, full_name))
    assert system_author() == expected
    assert checked_author(expected, "system") == expected


def test_a_user_that_the_system_does_not_know(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(_: int) -> pwd.struct_passwd:
        raise KeyError

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    assert system_author() == f"user-{os.getuid()} <user-{os.getuid()}@{os.uname().nodename}>"


def test_every_command_that_names_an_author_checks_it(nuts: Dset) -> None:
    nuts("mkdir", "a")
    for author in ("", "Bob"):
        assert "is no author" in nuts.fails("commit", "-m", "x", "--author", author)
    config = nuts.folder / ".dset" / "config.toml"
    config.write_text('[identity]\nauthor = "Bob"\n')
    assert f"{config}: identity.author: 'Bob' is no author" in nuts.fails("commit", "-m", "x")
    config.write_text('[identity]\nauthor = " "\n')
    nuts("commit", "-m", "x")
    assert nuts("log", "-n", "1", "--json").json["author"] == system_author()
    config.unlink()
    nuts("mkdir", "b")
    nuts("commit", "-m", "y", "--author", ADA)
    assert nuts("operations", "-n", "1", "--json").json["author"] == ADA
