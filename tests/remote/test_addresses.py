"""Addresses of remotes: what each opens, and that none carries a secret into a message or the configuration."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dvcore.errors import InvalidInputError, StorageError
from dvcore.remote.storages.local import LocalStorage
from dvcore.remote.storages.urls import check_options, open_storage, parse_address

SECRET = "hunter2SECRET"


@pytest.mark.parametrize(
    ("text", "scheme", "place", "path", "kept"),
    [
        ("s3://bucket", "s3", "bucket", "", "s3://bucket"),
        ("s3://bucket/", "s3", "bucket", "", "s3://bucket"),
        ("S3://my.bucket/team/nuts/", "s3", "my.bucket", "team/nuts", "s3://my.bucket/team/nuts"),
        ("gs://bucket/a", "gs", "bucket", "a", "gs://bucket/a"),
        ("gcs://bucket/a", "gs", "bucket", "a", "gs://bucket/a"),
        ("az://container/a", "az", "container", "a", "az://container/a"),
        ("https://host/folder/", "http", "host", "/folder", "https://host/folder"),
        ("http://127.0.0.1:8000/a", "http", "127.0.0.1:8000", "/a", "http://127.0.0.1:8000/a"),
        ("http://[::1]:8000/a", "http", "[::1]:8000", "/a", "http://[::1]:8000/a"),
        ("file:///data/nuts", "file", "", "/data/nuts", "/data/nuts"),
        ("file:///data/my%20nuts", "file", "", "/data/my nuts", "/data/my nuts"),
        ("/data/nuts/", "file", "", "/data/nuts", "/data/nuts"),
        ("ssh://nas/data", "ssh", "nas", "/data", "ssh://nas/data"),
        ("sftp://ann@nas:2222/data/nuts/", "ssh", "nas", "/data/nuts", "ssh://ann@nas:2222/data/nuts"),
    ],
)
def test_each_address_says_where(text: str, scheme: str, place: str, path: str, kept: str) -> None:
    address = parse_address(text)
    assert (address.scheme, address.place, address.path, address.text) == (scheme, place, path, kept)
    assert parse_address(kept) == address


def test_a_folder_is_kept_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert parse_address("remote").path == str(tmp_path / "remote")
    assert parse_address("./a:b").path == str(tmp_path / "a:b")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("ftp://host/a", "scheme that is not known"),
        ("file://host/a", "scheme that is not known"),
        ("s3://", "names no bucket"),
        ("s3:///prefix", "names no bucket"),
        ("s3://bucket/../other", "prefix"),
        ("s3://bucket/a//b", "prefix"),
        ("s3://bucket/a%2f..", "prefix"),
        ("https:///folder", "names no host"),
        ("ssh://nas", "names no host and folder"),
        ("ssh://-oProxyCommand=x/data", "names no host and folder"),
        ("nas:/data", "looks like a host"),
        ("http://host:port/a", "cannot be read"),
        ("http://[::1/a", "cannot be read"),
        ("s3://buc\nket/a", "signs that no address has"),
        ("https://host/a b", "signs that no address has"),
    ],
)
def test_what_is_no_address_is_refused(text: str, says: str) -> None:
    with pytest.raises(InvalidInputError, match=says):
        parse_address(text)


@pytest.mark.parametrize(
    "text",
    [
        f"s3://AKID:{SECRET}@bucket/prefix",
        f"https://{SECRET}@host/folder",
        f"https://user:{SECRET}@host/folder",
        f"https://user:pass@{SECRET}@host/folder",
        f"ssh://user:{SECRET}@host/folder",
        f"https://account.blob.core.windows.net/container?sig={SECRET}",
        f"az://container/prefix?sv=2021&sig={SECRET}",
        f"s3://bucket/prefix#{SECRET}",
        f"s3://bucket/a?x=1#{SECRET}",
        f"ftp://u:{SECRET}@host/",
        f"http://u:{SECRET}@host:port/",
        f"https://user:{SECRET}@[::1/",
    ],
)
def test_a_secret_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_address(text)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("text", ["https://token@host/a", "s3://key:secret@bucket/a", "az://box/a?sig=x", "s3://box#x"])
def test_the_refusal_says_where_credentials_come_from(text: str) -> None:
    with pytest.raises(InvalidInputError, match="usual variables and files"):
        parse_address(text)


@given(
    st.sampled_from(["s3", "gs", "az", "https", "http", "ssh", "file", "ftp", "x"]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.sampled_from(["{scheme}://{a}{secret}@{b}", "{scheme}://{b}:{secret}@h/{a}", "{scheme}://h/p?{a}={secret}"]),
)
def test_no_message_shows_what_stands_where_secrets_do(scheme: str, a: str, b: str, form: str) -> None:
    for sign in "/?#@":  # a secret is where it is, in whatever text
        a, b = a.replace(sign, ""), b.replace(sign, "")
    text = form.format(scheme=scheme, a=a, b=b, secret=SECRET)
    assert SECRET not in said_of(text)


def said_of(text: str) -> str:
    """The message of a refusal, which the name of an SSH user does not bring."""
    try:
        address = parse_address(text)
    except InvalidInputError as error:
        return str(error)
    return "" if address.scheme == "ssh" else address.text


def test_options_are_few_and_hold_no_secret() -> None:
    s3 = parse_address("s3://bucket")
    given_options = {"endpoint": "https://minio:9000", "region": "eu-1", "anonymous": "true"}
    assert check_options(s3, given_options) == given_options
    wrong = (
        {"secret_access_key": SECRET},
        {"access_key_id": SECRET},
        {"account": SECRET},
        {"endpoint": f"https://u:{SECRET}@minio"},
        {"endpoint": f"https://minio?{SECRET}"},
        {"endpoint": f"/{SECRET}"},
        {"anonymous": SECRET},
    )
    for options in wrong:
        with pytest.raises(InvalidInputError) as caught:
            check_options(s3, options)
        assert SECRET not in str(caught.value)
    for other in ("/folder", "https://host/a", "ssh://host/a"):
        with pytest.raises(InvalidInputError, match="no option"):
            open_storage(parse_address(other), {"endpoint": "https://host"})


def test_each_scheme_opens_its_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "account")
    for text in ("s3://bucket/a", "gs://bucket/a", "az://container/a", "https://host/a"):
        assert open_storage(parse_address(text)).describe() == text
    with_endpoint = open_storage(parse_address("s3://bucket/a"), {"endpoint": "http://minio:9000", "region": "x"})
    assert with_endpoint.describe() == "s3://bucket/a (http://minio:9000)"
    folder = open_storage(parse_address(str(tmp_path / "new")), create=True)
    assert isinstance(folder, LocalStorage)
    with pytest.raises(StorageError):
        open_storage(parse_address(str(tmp_path / "absent")))


def test_an_account_that_is_missing_is_an_error_of_ours() -> None:
    with pytest.raises(StorageError, match="az://container"):
        open_storage(parse_address("az://container/a"))


def test_addresses_load_no_client() -> None:
    modules = "('obstore', 'fsspec', 'numpy')"
    imports = "sys, dvcore.remote.storages.urls, dvcore.remote.storages.probing"
    code = f"import {imports}; print([m for m in {modules} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
