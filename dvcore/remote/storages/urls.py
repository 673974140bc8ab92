"""From an address to a storage.

| address | store |
| --- | --- |
| `s3://bucket/prefix`, `gs://bucket/prefix`, `az://container/prefix` | S3 and what speaks it, Google, Azure |
| `https://host/folder` | a web server, to read |
| `ssh://user@host:port/folder` | a machine over SSH |
| `file:///folder`, `/folder`, `../folder` | a folder |

An address is written into the configuration and shown in messages, so it holds no secret: anything in one that could be
(a password, a token before the host, a query, an option of that kind) is refused, and shown to nobody.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from dvcore.errors import InvalidInputError
from dvcore.remote.storages.patience import Patience
from dvcore.remote.storages.storage import Storage, is_name

_BUCKET: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,62}")
_HOST: Final = re.compile(r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]")
_SCHEMES: Final = {"gcs": "gs", "azure": "az", "abfs": "az", "sftp": "ssh"}
_OPTIONS: Final[Mapping[str, frozenset[str]]] = {
    "s3": frozenset(["endpoint", "region", "anonymous"]),
    "gs": frozenset(["endpoint", "anonymous"]),
    "az": frozenset(["account", "endpoint", "anonymous"]),
}
_TRUE: Final = "true"
_SECRETS: Final = "credentials come from the provider's usual variables and files, never from an address"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a remote is: `scheme` is s3, gs, az, http, ssh or file; `place` a bucket, a URL or a host; `path` a prefix
    or a folder. `text` is the address as it is kept and shown."""

    scheme: str
    place: str
    path: str
    text: str
    user: str | None = None
    port: int | None = None


def parse_address(text: str) -> Address:
    """Raises InvalidInputError, without what may be a secret in its message."""
    scheme, separator, _ = text.partition("://")
    if not separator:
        return _parse_folder(text)
    if not text.isprintable() or " " in text:  # what urlsplit would take out of it, unsaid
        raise _refused(text, "has signs that no address has", "write a space as %20")
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        raise _refused(text, "cannot be read") from None
    scheme = _SCHEMES.get(scheme.lower(), scheme.lower())
    _check_no_secrets(url, scheme, text)
    if scheme in _OPTIONS:
        return _parse_bucket(url, scheme, text)
    if scheme in {"http", "https"}:
        return _parse_web(url, text)
    if scheme == "ssh":
        return _parse_ssh(url, port, text)
    if scheme == "file" and url.netloc in {"", "localhost"}:
        return _parse_folder(unquote(url.path))
    raise _refused(text, "has a scheme that is not known", "use s3://, gs://, az://, https://, ssh:// or a folder")


def open_storage(
    address: Address,
    options: Mapping[str, str] | None = None,
    *,
    create: bool = False,
    patience: Patience | None = None,
) -> Storage:
    """The storage at an address, to be used by this process. `create` makes a folder that is not there; buckets are
    made with the provider's tools. `options` are those of `check_options`.

    Raises InvalidInputError, StorageError; StateError where what it takes is not installed.
    """
    # Each is imported where it is wanted: obstore takes 20 ms, and most commands use no remote.
    given = dict(check_options(address, options or {}))
    if address.scheme == "file":
        from dvcore.remote.storages.local import LocalStorage  # noqa: PLC0415

        return LocalStorage(Path(address.path), create=create)
    if address.scheme == "ssh":
        from dvcore.remote.storages.sftp import open_sftp  # noqa: PLC0415

        return open_sftp(address.place, address.path, user=address.user, port=address.port, create=create)
    return _open_object_store(address, given, patience)


def check_options(address: Address, options: Mapping[str, str]) -> Mapping[str, str]:
    """The options, which are for S3 `endpoint`, `region`, for Azure `account`, `endpoint`, for Google `endpoint`, and
    `anonymous` (`true`: a public bucket, read without credentials) for all three.

    Raises InvalidInputError, which shows no value.
    """
    known = _OPTIONS.get(address.scheme, frozenset())
    for name, value in options.items():
        if name not in known:
            takes = f"this kind takes {', '.join(sorted(known))}" if known else "this kind takes none"
            raise InvalidInputError(f"a remote at {address.text} has no option {name!r}", hint=f"{takes}; {_SECRETS}")
        if name == "endpoint":
            _check_endpoint(value)
        if name == "anonymous" and value not in {_TRUE, "false"}:
            raise InvalidInputError("the option 'anonymous' is true or false")
    return options


def _open_object_store(address: Address, options: Mapping[str, str], patience: Patience | None) -> Storage:
    from dvcore.remote.storages import object_store  # noqa: PLC0415

    if address.scheme == "http":
        return object_store.open_http(address.text, patience=patience)
    anonymous = options.get("anonymous") == _TRUE
    endpoint = options.get("endpoint")
    if address.scheme == "s3":
        region = options.get("region")
        return object_store.open_s3(
            address.place, address.path, endpoint=endpoint, region=region, anonymous=anonymous, patience=patience
        )
    if address.scheme == "gs":
        return object_store.open_gcs(
            address.place, address.path, endpoint=endpoint, anonymous=anonymous, patience=patience
        )
    account = options.get("account")
    return object_store.open_azure(
        address.place, address.path, account=account, endpoint=endpoint, anonymous=anonymous, patience=patience
    )


def _parse_bucket(url: SplitResult, scheme: str, text: str) -> Address:
    prefix = url.path.strip("/")
    if not _BUCKET.fullmatch(url.netloc):
        raise _refused(text, "names no bucket", f"write {scheme}://BUCKET/PREFIX")
    if prefix and not is_name(prefix):
        raise _refused(text, "has a prefix that cannot be used", "use letters, digits, '.', '_', '-', '=' and '/'")
    return Address(scheme, url.netloc, prefix, f"{scheme}://{url.netloc}/{prefix}".rstrip("/"))


def _parse_web(url: SplitResult, text: str) -> Address:
    if not url.hostname or not _HOST.fullmatch(url.netloc.rpartition(":")[0] or url.netloc):
        raise _refused(text, "names no host")
    plain = f"{url.scheme}://{url.netloc}{url.path}".rstrip("/")
    return Address("http", url.netloc, url.path.rstrip("/"), plain)


def _parse_ssh(url: SplitResult, port: int | None, text: str) -> Address:
    host = url.hostname or ""
    folder = unquote(url.path).rstrip("/")
    if not _HOST.fullmatch(host) or host.startswith("-") or not folder:
        raise _refused(text, "names no host and folder", "write ssh://USER@HOST/FOLDER")
    plain = f"ssh://{url.username + '@' if url.username else ''}{host}{f':{port}' if port else ''}{folder}"
    return Address("ssh", host, folder, plain, url.username, port)


def _parse_folder(text: str) -> Address:
    if not text or "\0" in text:
        raise InvalidInputError("a remote's address is empty", hint="name a URL or a folder")
    if re.match(r"[^/]*:", text) and not text.startswith("."):
        raise _refused(text, "looks like a host and a folder", "write ssh://HOST/FOLDER, or ./ before a folder's name")
    folder = str(Path(text).expanduser().absolute())
    return Address("file", "", folder, folder)


def _check_no_secrets(url: SplitResult, scheme: str, text: str) -> None:
    """An SSH user's name is none; any other text before the host may be, and so may a query."""
    before_host = url.password is not None or (url.username is not None and scheme != "ssh")
    if before_host or url.query or url.fragment or "?" in text or "#" in text:
        raise _refused(text, "holds what may be a secret", _SECRETS)


def _check_endpoint(value: str) -> None:
    address = parse_address(value)
    if address.scheme != "http":
        raise InvalidInputError("the option 'endpoint' is no URL", hint="write https://HOST:PORT")


def _refused(text: str, why: str, hint: str | None = None) -> InvalidInputError:
    return InvalidInputError(f"the address {_shown(text)!r} {why}", hint=hint)


def _shown(text: str) -> str:
    """An address that was refused: no more than its scheme where it has a sign that a secret may stand beside."""
    if not any(sign in text for sign in "@?#"):
        return text
    scheme = re.match(r"[A-Za-z][A-Za-z0-9+.-]{0,15}://", text)
    return f"{scheme[0] if scheme else ''}…"
