"""Where snapshots are sent, and read from: a URL that need be no remote.

Where a remote is configured in the same bucket, its options (endpoint, region, account …) hold there too; else the
provider's usual variables do.
"""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from dvcore.errors import StorageError
from dvcore.remote.settings import list_remotes
from dvcore.remote.storages.storage import Storage
from dvcore.remote.storages.urls import Address, open_storage, parse_address
from dvcore.repo.layout import Layout
from dvcore.repo.projects import Url


def parse_url(text: str) -> Url:
    """The place that an address names, as it is kept and shown.

    Raises InvalidInputError, which shows nothing that may be a secret.
    """
    address = parse_address(text)
    return Url(f"file://{quote(address.path)}" if address.scheme == "file" else address.text)


def open_place(layout: Layout | None, url: Url, *, create: bool = False) -> Storage:
    """The store at a URL. `create` makes a folder that is not there, if the one above it is: where a share is not
    mounted, it must not fill the disk under it.

    Raises InvalidInputError, StorageError, StateError where what it takes is not installed.
    """
    address = parse_address(url.text)
    if create and address.scheme == "file" and not Path(address.path).parent.is_dir():
        hint = "make it, or mount what should be there"
        raise StorageError(f"the folder {Path(address.path).parent} is not there", hint=hint)
    return open_storage(address, _options(layout, address), create=create)


def _options(layout: Layout | None, address: Address) -> Mapping[str, str]:
    if layout is None or address.scheme in {"file", "ssh", "http"}:
        return {}
    same = (one for one in list_remotes(layout) if (one.address.scheme, one.address.place) == _bucket(address))
    return next((one.options for one in same), {})


def _bucket(address: Address) -> tuple[str, str]:
    return address.scheme, address.place
