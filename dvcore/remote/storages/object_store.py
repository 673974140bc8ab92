"""Remotes of object stores and of web servers, through `obstore`: S3 and what speaks it, GCS, Azure, HTTP (to read).

Three clients of one store, since no setting suits all requests:

- reading: tried again, also in the middle of a body; a body that stands still is given up after a minute;
- writing: tried again, as putting the same bytes twice does no harm; no limit but that for the whole body;
- deciding, for puts with a condition: never tried again by the client, which would take its own first try, done but not
  answered, for somebody else's write. `_decide` asks again itself, and knows when it cannot know.

`obstore` runs threads of its own, which `fork` does not copy: in the child of a process that used it, every request
would wait for ever. Such use is refused.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from obstore.exceptions import AlreadyExistsError, BaseError, PreconditionError
from obstore.store import AzureStore, GCSStore, HTTPStore, S3Store

from dvcore.errors import (
    AccessDeniedError,
    ConflictError,
    DsetError,
    NotFoundError,
    StateError,
    StorageError,
    UnknownOutcomeError,
)
from dvcore.remote.storages.failures import Failure, explain
from dvcore.remote.storages.patience import Patience
from dvcore.remote.storages.storage import (
    ALWAYS,
    GET_LIMIT,
    Absent,
    Always,
    Capabilities,
    Condition,
    Data,
    Listed,
    Matches,
    Stored,
    Tag,
    check_length,
    check_name,
    check_prefix,
    check_range,
    check_size,
    is_name,
)
from dvcore.store.folders import storage_errors

if TYPE_CHECKING:
    from obstore import ObjectMeta, PutMode
    from obstore.store import RetryConfig

Client = S3Store | GCSStore | AzureStore | HTTPStore
Connect = Callable[[dict[str, str], "RetryConfig"], Client]
"""A client, from settings (as text) and what it tries again."""

_FAILURES: Final = (BaseError, OSError, ValueError)
_PART: Final = 8 << 20
_PARTS: Final = 9_000
"""Of one object; S3 takes 10,000, of the same length each but for the last."""
_PARTS_AT_A_TIME: Final = 4
_PAGE: Final = 1000
"""Names that S3, GCS and Azure list at once; Azure lists 5,000."""

_used_in: set[int] = set()
"""Processes that began to use obstore, this one and those that it was forked from."""


class ObjectStorage:
    """See `storage.Storage`. Made by the functions below; `where` is the address to show."""

    def __init__(self, connect: Connect, where: str, capabilities: Capabilities, patience: Patience) -> None:
        self.capabilities = capabilities
        self._where = where
        self._patience = patience
        with self._failures("use"):
            self._reading = connect(_settings(patience, patience.transfer, patience.stall), _retries(patience))
            self._writing = connect(_settings(patience, patience.transfer), _retries(patience))
            self._deciding = connect(_settings(patience, patience.stall), {"max_retries": 0})

    def describe(self) -> str:
        """See `storage.Storage`."""
        return self._where

    def get(self, name: str, *, limit: int = GET_LIMIT) -> Stored:
        """See `storage.Storage`."""
        with self._failures("read", check_name(name)):
            answer = self._reading.get(name)
            check_size(answer.meta["size"], limit, name, self._where)
            return Stored(bytes(answer.bytes()), _tag(answer.meta))

    def get_range(self, name: str, start: int, length: int) -> bytes:
        """See `storage.Storage`."""
        check_range(start, length)
        check_name(name)
        if not length:
            return b""
        with self._failures("read", name):
            try:
                data = bytes(self._reading.get_range(name, start=start, length=length))
            except _FAILURES as error:
                if explain(str(error)).status != 416:
                    raise
                data = b""
        return check_length(data, start, length, name, self._where)

    def put(self, name: str, data: Data, *, condition: Condition = ALWAYS) -> None:
        """See `storage.Storage`."""
        self._check_writable(f"write {check_name(name)}")
        match condition:
            case Always():
                with self._failures("write", name):
                    self._writing.put(name, data, use_multipart=False)
            case Absent():
                self._decide(name, data, "create")
            case Matches(tag):
                self._decide(name, data, _version(tag))

    def put_file(self, name: str, path: Path) -> None:
        """See `storage.Storage`. What is longer than a part goes in parts; where it fails, those are taken back."""
        self._check_writable(f"write {check_name(name)}")
        with storage_errors(path), path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            part = max(_PART, -(-size // _PARTS))
            with self._failures("write", name):
                self._writing.put(name, file, chunk_size=part, max_concurrency=_PARTS_AT_A_TIME)

    def iter_names(self, prefix: str = "") -> Iterator[Listed]:
        """See `storage.Storage`."""
        folder = check_prefix(prefix)
        self._check_lists()
        for one in self._iter_listed(folder):
            if is_name(one["path"]):
                yield Listed(one["path"], one["size"], one["last_modified"])

    def is_empty(self) -> bool:
        """See `storage.Storage`."""
        self._check_lists()
        # A folder that was made in a provider's console is an object with the prefix for its name.
        return not any(one["path"] for one in self._iter_listed(""))

    def remove(self, name: str) -> None:
        """See `storage.Storage`."""
        self._check_writable(f"remove {check_name(name)}")
        try:
            with self._failures("remove", name):
                self._writing.delete(name)
        except NotFoundError:
            return

    def _decide(self, name: str, data: Data, mode: "PutMode") -> None:
        """Put with a condition. Once a try may have been done without an answer, a later one that finds the condition
        broken may have been broken by it: then, and after the last try, the outcome is unknown."""
        doubtful = False
        failure = None
        began = time.monotonic()
        for delay in self._patience.delays():
            if time.monotonic() - began + delay > self._patience.give_up:
                break
            time.sleep(delay)
            try:
                with self._guarded():
                    self._deciding.put(name, data, mode=mode)
                    return
            except _FAILURES as error:
                failure = explain(str(error))
                if _is_refusal(error, failure, mode):
                    raise self._unknown(name) if doubtful else self._conflict(name) from None
                if not failure.is_passing:
                    raise self._error(failure, "write", name) from None
                doubtful = doubtful or failure.may_have_been_done
        if doubtful or failure is None:
            raise self._unknown(name)
        raise self._error(failure, "write", name)

    def _iter_listed(self, folder: str) -> Iterator["ObjectMeta"]:
        """Pages, asked for again from the last name on where the body of one breaks: the client does not do that."""
        last: str | None = None
        delays = self._patience.delays()
        next(delays)
        done = False
        while not done:
            try:
                with self._failures("list"):
                    for page in self._pages(folder, last):
                        yield from page
                        last = max((one["path"] for one in page), default=last)
                done = True
            except AccessDeniedError:
                raise
            except StorageError:
                delay = next(delays, None)
                if delay is None:
                    raise
                time.sleep(delay)

    def _pages(self, folder: str, last: str | None) -> Iterator[Sequence["ObjectMeta"]]:
        return self._reading.list(folder or None, offset=last, chunk_size=_PAGE)

    def _check_lists(self) -> None:
        if not self.capabilities.lists:
            raise StateError(f"{self._where} is a web server, which lists nothing")

    def _check_writable(self, doing: str) -> None:
        if not self.capabilities.writable:
            raise AccessDeniedError(f"cannot {doing} at {self._where}", hint="a web server's files can only be read")

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Refuses what would hang."""
        if _used_in - {os.getpid()}:
            hint = "start processes that use remotes with 'spawn'"
            raise StateError(f"{self._where} cannot be used in a process forked from one that uses remotes", hint=hint)
        _used_in.add(os.getpid())
        yield

    @contextmanager
    def _failures(self, doing: str, name: str = "") -> Iterator[None]:
        """Turns an error of obstore into one of the tree, which shows nothing of its text."""
        try:
            with self._guarded():
                yield
        except DsetError:
            raise
        except FileNotFoundError as error:
            raise self._absence(explain(str(error)), doing, name) from None
        except _FAILURES as error:
            raise self._error(explain(str(error)), doing, name) from None

    def _absence(self, failure: Failure, doing: str, name: str) -> DsetError:
        if failure.container_absent or not name:
            return self._error(failure, doing, name)
        return NotFoundError(f"{self._where} has no {name}")

    def _error(self, failure: Failure, doing: str, name: str) -> StorageError:
        what = f"cannot {doing} {name} at {self._where}" if name else f"cannot {doing} {self._where}"
        if failure.container_absent:
            return StorageError(f"{what}: there is no such bucket", hint="make it with the provider's tools")
        kind = AccessDeniedError if failure.is_denied else StorageError
        return kind(f"{what}: {failure.reason}", hint=_hint(failure))

    def _conflict(self, name: str) -> ConflictError:
        return ConflictError(f"{name} at {self._where} is not what it was")

    def _unknown(self, name: str) -> UnknownOutcomeError:
        return UnknownOutcomeError(
            f"{name} was sent to {self._where}, and whether it was written is not known", hint="try again"
        )


def open_s3(
    bucket: str,
    prefix: str,
    *,
    endpoint: str | None = None,
    region: str | None = None,
    anonymous: bool = False,
    patience: Patience | None = None,
) -> ObjectStorage:
    """S3, or what speaks it at another endpoint. What is not given comes from the AWS_* variables, keys always.

    Deletes one by one: not every server that speaks S3 knows the request for many.
    """
    own = {"disable_bulk_delete": "true", **_given(endpoint=endpoint, region=region), **_anonymous(anonymous)}

    def connect(settings: dict[str, str], retries: "RetryConfig") -> Client:
        config = settings | own | _allow_http(endpoint)
        return S3Store(bucket, prefix=prefix or None, config=config, retry_config=retries)  # type: ignore[arg-type]

    return ObjectStorage(connect, _address("s3", bucket, prefix, endpoint), Capabilities(), patience or Patience())


def open_gcs(
    bucket: str, prefix: str, *, endpoint: str | None = None, anonymous: bool = False, patience: Patience | None = None
) -> ObjectStorage:
    """Google Cloud Storage. Credentials come from the GOOGLE_* variables, gcloud's defaults or the machine."""
    own = {**_given(google_base_url=endpoint), **_anonymous(anonymous)}

    def connect(settings: dict[str, str], retries: "RetryConfig") -> Client:
        config = settings | own | _allow_http(endpoint)
        return GCSStore(bucket, prefix=prefix or None, config=config, retry_config=retries)  # type: ignore[arg-type]

    return ObjectStorage(connect, _address("gs", bucket, prefix, endpoint), Capabilities(), patience or Patience())


def open_azure(
    container: str,
    prefix: str,
    *,
    account: str | None = None,
    endpoint: str | None = None,
    anonymous: bool = False,
    patience: Patience | None = None,
) -> ObjectStorage:
    """Azure Blob Storage. What is not given comes from the AZURE_* variables, keys always."""
    own = {**_given(account_name=account, endpoint=endpoint), **_anonymous(anonymous)}

    def connect(settings: dict[str, str], retries: "RetryConfig") -> Client:
        config = settings | own | _allow_http(endpoint)
        return AzureStore(container, prefix=prefix or None, config=config, retry_config=retries)  # type: ignore[arg-type]

    return ObjectStorage(connect, _address("az", container, prefix, endpoint), Capabilities(), patience or Patience())


def open_http(url: str, *, patience: Patience | None = None) -> ObjectStorage:
    """A web server's files, to read."""

    def connect(settings: dict[str, str], retries: "RetryConfig") -> Client:
        options = settings | _allow_http(url)
        return HTTPStore(url, client_options=options, retry_config=retries)  # type: ignore[arg-type]

    return ObjectStorage(connect, url, Capabilities(False, False, False), patience or Patience())


def _settings(patience: Patience, whole: float, stall: float | None = None) -> dict[str, str]:
    """Of a client, in the form that joins what the provider's variables say, such as AWS_ALLOW_HTTP; `client_options`
    would replace it."""
    settings = {"connect_timeout": _milliseconds(patience.connect), "timeout": _milliseconds(whole)}
    return settings if stall is None else settings | {"read_timeout": _milliseconds(stall)}


def _retries(patience: Patience) -> "RetryConfig":
    return {
        "max_retries": patience.retries,
        "retry_timeout": timedelta(seconds=patience.give_up),
        "backoff": {
            "init_backoff": timedelta(seconds=patience.first_delay),
            "max_backoff": timedelta(seconds=patience.longest_delay),
            "base": 2,
        },
    }


def _milliseconds(seconds: float) -> str:
    return f"{round(seconds * 1000)} ms"


def _given(**options: str | None) -> dict[str, str]:
    return {name: value for name, value in options.items() if value is not None}


def _anonymous(anonymous: bool) -> dict[str, str]:
    return {"skip_signature": "true"} if anonymous else {}


def _allow_http(url: str | None) -> dict[str, str]:
    """Who writes http:// means it."""
    return {"allow_http": "true"} if url and url.startswith("http://") else {}


def _address(scheme: str, container: str, prefix: str, endpoint: str | None) -> str:
    address = f"{scheme}://{container}/{prefix}".rstrip("/")
    return f"{address} ({endpoint})" if endpoint else address


def _tag(answer: "ObjectMeta") -> Tag:
    """E-tag and version: S3 and Azure compare the one, GCS the other."""
    return Tag(f"{answer['e_tag'] or ''}\n{answer['version'] or ''}")


def _version(tag: Tag) -> "PutMode":
    e_tag, _, version = tag.partition("\n")
    return {"e_tag": e_tag, "version": version} if version else {"e_tag": e_tag}


def _is_refusal(error: Exception, failure: Failure, mode: "PutMode") -> bool:
    """Whether the condition does not hold. S3 says of a match with no object that there is none."""
    if isinstance(error, FileNotFoundError):
        return mode != "create" and not failure.container_absent
    return isinstance(error, AlreadyExistsError | PreconditionError) and not failure.in_the_way


def _hint(failure: Failure) -> str:
    if failure.is_denied:
        return "check the credentials, which come from the provider's usual variables and files"
    return "check the address and the network, and try again"
