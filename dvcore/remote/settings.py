"""The remotes that a repository names, in its `config.toml`:

    [remotes.origin]
    url = "s3://bucket/nuts"
    region = "eu-central-1"       # and endpoint, account: what the address does not say
    anonymous = true              # a public bucket
    lazy = true                   # images come when they are needed
    unsafe-no-cas = true          # pushed to although the store cannot compare and swap

Never a secret: addresses that hold one are refused, and no message shows a value. What people wrote into the file
stays, comments included; it is replaced in one step, by one process at a time.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dvcore.errors import DsetError, ExistsError, InvalidInputError, NotFoundError, StateError, nearest_hint
from dvcore.ids import BlobId
from dvcore.progress import Silent
from dvcore.remote.contents.reached import Reached
from dvcore.remote.roots.commit import read_root
from dvcore.remote.roots.seen import unpack_seen
from dvcore.remote.storages.storage import Storage
from dvcore.remote.storages.urls import Address, check_options, open_storage, parse_address
from dvcore.repo.cells import check_ref_name, find_cell, iter_cells, remote_cell, seen_cell, set_cell
from dvcore.repo.layout import Layout
from dvcore.repo.repository import Repository, writes
from dvcore.store import ObjectReader, WriteTransaction
from dvcore.store.durable import write_atomically
from dvcore.store.file_lock import FileLock
from dvcore.store.folders import remove_folder, storage_errors

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

_DEFAULT: Final = "origin"
_TABLE: Final = "remotes"
_TEXTS: Final = ("url", "endpoint", "region", "account")
_FLAGS: Final = ("anonymous", "lazy", "unsafe-no-cas")


@dataclass(frozen=True, slots=True)
class Remote:
    """A remote under its name. `options` are those of `storages.urls.check_options`; `is_lazy`: what is fetched from it
    comes without images; `is_unsafe`: it is pushed to although its store cannot compare and swap."""

    name: str
    address: Address
    options: Mapping[str, str] = field(default_factory=dict)
    is_lazy: bool = False
    is_unsafe: bool = False

    def open(self, *, create: bool = False) -> Storage:
        """Its storage, to be used by this process; see `storages.urls.open_storage`."""
        return open_storage(self.address, self.options, create=create)


def list_remotes(layout: Layout) -> list[Remote]:
    """All remotes, by name.

    Raises InvalidInputError naming the file and the remote where one cannot be read, StorageError.
    """
    text = _read(layout)
    if _TABLE not in text:  # most repositories have none, and then nothing has to be parsed
        return []
    tables = _parse(text, layout.config)
    return [_unpack(name, table, layout) for name, table in sorted(tables.items())]


def load_remote(layout: Layout, name: str | None = None) -> Remote:
    """The remote of a name; without one the only remote, or `origin`.

    Raises NotFoundError with the nearest name, StateError where there is none or several and no `origin`, and as
    `list_remotes` does.
    """
    remotes = {remote.name: remote for remote in list_remotes(layout)}
    if name is None:
        name = next(iter(remotes)) if len(remotes) == 1 else _DEFAULT
        if name not in remotes:
            listed = ", ".join(remotes)
            hint = f"name one of {listed}" if listed else "'dset remote add NAME URL' names one"
            raise StateError("several remotes, and none is called origin" if listed else "no remote", hint=hint)
    if name not in remotes:
        hint = nearest_hint(name, remotes) or "'dset remote list' lists them"
        raise NotFoundError(f"no remote {name!r}", hint=hint)
    return remotes[name]


def add_remote(repository: Repository, remote: Remote) -> None:
    """Write a remote into the configuration, durably.

    Raises InvalidInputError for a name that cannot be one, ExistsError, StateError for a repository in memory,
    StorageError.
    """
    check_ref_name("remote", remote.name)
    check_options(remote.address, remote.options)
    layout = _layout(repository)
    with _changing(layout):
        if any(one.name == remote.name for one in list_remotes(layout)):
            raise ExistsError(f"there is a remote {remote.name!r} already", hint="choose another name")
        _edit(layout, lambda tables: tables.update({remote.name: _pack(remote)}))


@writes
def remove_remote(repository: Repository, name: str, *, force: bool = False) -> Remote | None:
    """Take a remote out of the configuration, and forget what was seen of it: its refs, its cached indexes, unfinished
    pushes. Nothing on the remote is touched. Gives it as it was, None where somebody took it out already.

    Where blobs are absent here, the other remotes are asked for them. Raises NotFoundError; StateError where none of
    these has them all, unless forced.
    """
    layout = _layout(repository)
    with _changing(layout):
        remote = _find_configured(repository, layout, name)
        if not force:
            _check_elsewhere(repository, layout, name)
        if remote is not None:
            _edit(layout, lambda tables: tables.pop(name))
        repository.store.update(lambda transaction: _forget(transaction, name))
    for folder in (index_folder(layout, name), push_folder(layout, name)):
        remove_folder(folder)
    return remote


def index_folder(layout: Layout, name: str) -> Path:
    """Where the indexes of a remote are kept on this machine, for `IndexCache`."""
    return layout.cache / "indexes" / name


def push_folder(layout: Layout, name: str) -> Path:
    """Where a push that was not finished left what it knows."""
    return layout.cache / "pushes" / name


def _layout(repository: Repository) -> Layout:
    if repository.layout is None:
        raise StateError("a repository in memory has no settings", hint="make one in a folder")
    return repository.layout


@contextmanager
def _changing(layout: Layout) -> Iterator[None]:
    """One process at a time changes the settings. Raises StorageError."""
    with closing(FileLock(layout.folder / "config.lock")) as lock:
        lock.take()
        yield


def _read(layout: Layout) -> str:
    with storage_errors(layout.config):
        try:
            with layout.config.open(encoding="utf-8", newline="") as file:  # lines end as they do
                return file.read()
        except FileNotFoundError:
            return ""
        except UnicodeDecodeError:
            raise InvalidInputError(f"{layout.config}: it is no text in UTF-8", hint="mend the file") from None


def _parse(text: str, where: Path) -> dict[str, Any]:
    tables = _load(text, where).get(_TABLE, {})
    if not isinstance(tables, dict):
        raise _wrong(where, _TABLE, "is no table")
    return tables


def _load(text: str, where: Path) -> dict[str, Any]:
    from tomllib import TOMLDecodeError, loads  # noqa: PLC0415 - 3 ms, which only a configuration needs

    try:
        return loads(text)
    except (TOMLDecodeError, RecursionError) as error:
        raise InvalidInputError(f"{where}: {error}", hint="mend the file") from None


def _unpack(name: str, table: Any, layout: Layout) -> Remote:
    where, called = layout.config, f"{_TABLE}.{name}"
    try:
        check_ref_name("remote", name)
    except InvalidInputError as error:
        raise InvalidInputError(f"{where}: {error.message}", hint=error.hint) from None
    if not isinstance(table, dict):
        raise _wrong(where, called, "is no table")
    for key, value in table.items():
        if key not in {*_TEXTS, *_FLAGS}:
            raise _wrong(where, f"{called}.{key}", "is unknown")
        kind, what = (bool, "neither true nor false") if key in _FLAGS else (str, "no text")
        if type(value) is not kind:
            raise _wrong(where, f"{called}.{key}", f"is {what}")
    if "url" not in table:
        raise _wrong(where, called, "has no url")
    options = {key: table[key] for key in _TEXTS[1:] if key in table}
    if table.get("anonymous"):
        options["anonymous"] = "true"
    try:
        address = _address(table["url"], layout)
        check_options(address, options)
    except InvalidInputError as error:
        raise InvalidInputError(f"{where}: {called}: {error.message}", hint=error.hint) from None
    return Remote(name, address, options, table.get("lazy", False), table.get("unsafe-no-cas", False))


def _address(url: str, layout: Layout) -> Address:
    """A relative folder is seen from the one that holds the repository."""
    address = parse_address(url)
    if address.scheme == "file" and "://" not in url and not url.startswith(("/", "~")):
        return parse_address(str((layout.root / url).resolve()))
    return address


def _wrong(where: Path, what: str, why: str) -> InvalidInputError:
    return InvalidInputError(f"{where}: {what} {why}", hint="mend the file")


def _pack(remote: Remote) -> dict[str, Any]:
    flags = {
        "anonymous": remote.options.get("anonymous") == "true",
        "lazy": remote.is_lazy,
        "unsafe-no-cas": remote.is_unsafe,
    }
    texts = {"url": remote.address.text} | {key: remote.options[key] for key in _TEXTS if key in remote.options}
    return texts | {key: True for key, value in flags.items() if value}


def _edit(layout: Layout, change: Callable[[Any], object]) -> None:
    """Change the table of remotes in the text as it is, and leave all else in it.

    Raises InvalidInputError where what would be written does not say that: it is read before it replaces anything.
    """
    import tomlkit  # noqa: PLC0415 - 15 ms, which only writing needs

    text = _read(layout)
    document: TOMLDocument = tomlkit.parse(text)
    if _TABLE not in document:
        document[_TABLE] = tomlkit.table(is_super_table=True)
    change(document[_TABLE])
    changed = tomlkit.dumps(document)
    wanted = {_TABLE: {}} | _load(text, layout.config)
    change(wanted[_TABLE])
    if {_TABLE: {}} | _load(changed, layout.config) != wanted:
        raise InvalidInputError(
            f"{layout.config}: the remotes in it cannot be changed as they are written",
            hint="give each a table of its own: [remotes.NAME]",
        )
    write_atomically(layout.config, changed.encode())


def _find_configured(repository: Repository, layout: Layout, name: str) -> Remote | None:
    """A remote; None for one that is no longer in the configuration, but of which something was seen.

    Raises NotFoundError for any other.
    """
    with repository.store.read() as transaction:
        is_seen = find_cell(transaction, seen_cell(name)) is not None
    if is_seen and name not in {one.name for one in list_remotes(layout)}:
        return None
    return load_remote(layout, name)


def _forget(transaction: WriteTransaction, name: str) -> None:
    for cell in [cell for cell, _ in iter_cells(transaction, remote_cell(name, ""))]:
        set_cell(transaction, cell, None)
    set_cell(transaction, seen_cell(name), None)


def _check_elsewhere(repository: Repository, layout: Layout, name: str) -> None:
    """Raises StateError where this may be the only remote that has what is absent here."""
    lacking = set(repository.blobs.iter_absent())
    for remote in list_remotes(layout) if lacking else ():
        if remote.name != name:
            lacking -= _held(repository, remote, lacking)
    if lacking:
        images = "1 image is" if len(lacking) == 1 else f"{len(lacking)} images are"
        raise StateError(
            f"{images} not here, and on no other remote for all that is known",
            hint="'dset fetch --for' brings them; --force removes it all the same",
        )


def _held(repository: Repository, remote: Remote, blobs: set[BlobId]) -> set[BlobId]:
    """Those that refs of a remote lead to, as far as that can be told here; none where it cannot be asked, or is not in
    the state that was seen or a later one."""
    with repository.store.read() as transaction:
        value = find_cell(transaction, seen_cell(remote.name))
    try:
        seen = None if value is None else unpack_seen(value)
        root = read_root(remote.open(), seen=seen)
    except DsetError:
        return set()
    if root is None:
        return set()
    with Reached(ObjectReader(repository.store), repository.scratch) as reached:
        reached.add(dict.fromkeys(root.refs.values()), Silent())
        return {one for one in blobs if one in reached}
