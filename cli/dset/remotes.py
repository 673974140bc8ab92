"""What the commands about remotes share: addresses, options of a store, the remote that is meant.

Imported by these commands only: the others know nothing of `dvcore.remote`.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from dset.context import on_disk
from dvcore.errors import InvalidInputError
from dvcore.remote.settings import Remote, load_remote
from dvcore.remote.storages.urls import Address, check_options, parse_address
from dvcore.repo.layout import FOLDER, Layout
from dvcore.repo.repository import Repository

Command = Callable[..., Any]


def store_options(command: Command) -> Command:
    """`--endpoint`, `--region`, `--account` and `--anonymous`, under their names."""
    for option in (
        click.option("--anonymous", is_flag=True, help="A public bucket: no credentials are used."),
        click.option("--account", metavar="NAME", help="The storage account; else AZURE_STORAGE_ACCOUNT_NAME."),
        click.option("--region", metavar="NAME", help="The bucket's region; else AWS_REGION."),
        click.option("--endpoint", metavar="URL", help="Another server than the provider's own, such as MinIO's."),
    ):
        command = option(command)
    return command


def read_address(text: str) -> Address:
    """An address that was given; a relative folder is seen from the folder of the command.

    Raises InvalidInputError, also for the folder of a repository, which is no remote.
    """
    address = parse_address(text)
    if address.scheme != "file":
        return address
    if "://" not in text and not text.startswith("~"):
        address = parse_address(str(on_disk(Path(text)).resolve()))
    if (Path(address.path) / FOLDER).is_dir():
        hint = "push from it to another folder or a bucket, and name that"
        raise InvalidInputError(f"{address.text} is a repository, not a remote", hint=hint)
    return address


def read_options(
    address: Address, *, endpoint: str | None, region: str | None, account: str | None, anonymous: bool
) -> Mapping[str, str]:
    """The options of a store that were given.

    Raises InvalidInputError for one that this kind of store has not.
    """
    given = {"endpoint": endpoint, "region": region, "account": account, "anonymous": "true" if anonymous else None}
    return check_options(address, {name: value for name, value in given.items() if value is not None})


def side_files(repository: Repository, project: str, number: int) -> Mapping[str, bytes]:
    """What lies beside the shards of a snapshot, for those whose shards come or whose number changes."""
    from dvcore.snapshot.catalog.sidefiles import side_files_of  # noqa: PLC0415 - seldom wanted, and seldom cheap

    return side_files_of(repository, project, number)


def layout_of(repository: Repository) -> Layout:
    """Where it lies: all that commands open lies on a disk."""
    assert repository.layout is not None, "it was opened on disk"
    return repository.layout


def remote_of(repository: Repository, name: str | None) -> Remote:
    """The remote of a name, or the one that is meant without any.

    Raises NotFoundError, StateError, InvalidInputError.
    """
    return load_remote(layout_of(repository), name)
