"""`dset remote`: add, list, remove."""

from typing import Any

import click

from dset.context import open_repository
from dset.output import say, say_json, say_table, warn
from dset.remote_facts import describe_root
from dset.remotes import layout_of, read_address, read_options, store_options
from dvcore.errors import ExistsError
from dvcore.remote.roots.commit import read_root
from dvcore.remote.settings import Remote, add_remote, list_remotes, remove_remote
from dvcore.remote.storages.probing import probe


@click.group("remote")
def command() -> None:
    """Name the remotes: buckets, folders and machines that the repository is pushed to and fetched from."""


@command.command("add")
@click.argument("name")
@click.argument("url")
@store_options
@click.option("--lazy", is_flag=True, help="What is fetched from it comes without images, until they are needed.")
@click.option(
    "--unsafe-no-cas", is_flag=True, help="Push to it although two pushes at once may lose one: it cannot compare."
)
def add(name: str, url: str, lazy: bool, unsafe_no_cas: bool, **options: Any) -> None:
    """Name the remote at URL, after trying what it can do.

    URL is s3://BUCKET/PREFIX, gs://…, az://CONTAINER/PREFIX, ssh://HOST/FOLDER, https://… (to read), or a folder,
    which is made. It holds no credentials: these come from the provider's usual variables and files.
    """
    repository = open_repository()
    address = read_address(url)
    remote = Remote(name, address, read_options(address, **options), lazy, unsafe_no_cas)
    if name in {one.name for one in list_remotes(layout_of(repository))}:
        raise ExistsError(f"there is a remote {name!r} already", hint=f"'dset remote remove {name}' forgets it")
    storage = remote.open(create=True)
    capabilities = probe(storage)
    root = read_root(storage)
    add_remote(repository, remote)
    if not capabilities.writable:
        warn(f"{name} can be read, not pushed to")
    elif not (capabilities.conditional or unsafe_no_cas):
        warn(f"{name} cannot compare and swap: two pushes at once may lose one; pushing takes --unsafe-no-cas")
    say(f"{name}: {storage.describe()}, {describe_root(root)}")


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="A JSON object a line.")
def list_(as_json: bool) -> None:
    """List the remotes."""
    remotes = list_remotes(layout_of(open_repository()))
    if as_json:
        for remote in remotes:
            say_json(_json(remote))
    else:
        say_table([(one.name, one.address.text, ", ".join(_settings(one))) for one in remotes])


@command.command("remove")
@click.argument("name")
@click.option("--force", is_flag=True, help="Even where images are absent here that may be nowhere else.")
def remove(name: str, force: bool) -> None:
    """Forget the remote NAME, and what was seen of it. Nothing is removed there."""
    remote = remove_remote(open_repository(), name, force=force)
    say(f"forgot {name}" + (f"; what is at {remote.address.text} stays there" if remote else ""))


def _settings(remote: Remote) -> list[str]:
    flags = [("lazy", remote.is_lazy), ("unsafe-no-cas", remote.is_unsafe)]
    return [*(f"{name}={value}" for name, value in sorted(remote.options.items())), *(name for name, on in flags if on)]


def _json(remote: Remote) -> dict[str, Any]:
    flags = {"lazy": remote.is_lazy, "unsafe_no_cas": remote.is_unsafe}
    return {"remote": remote.name, "url": remote.address.text, "options": dict(remote.options), **flags}
