"""Storages of every kind for tests: S3 and Azure over HTTP, and patience that suits servers on loopback."""

import os
from collections.abc import Callable

from dvcore.remote.storages.object_store import ObjectStorage, open_azure, open_s3
from dvcore.remote.storages.patience import Patience
from support.servers import AZURE_ACCOUNT, AZURE_KEY, BUCKET

QUICK = Patience(retries=4, first_delay=0.01, longest_delay=0.05, give_up=20.0, connect=2.0, stall=5.0, transfer=20.0)

SetVariable = Callable[[str, str], None]


def s3_storage(url: str, set_variable: SetVariable, *, patience: Patience = QUICK) -> ObjectStorage:
    """A storage under a prefix of its own. `set_variable` is `monkeypatch.setenv`: keys come from the environment."""
    set_variable("AWS_ACCESS_KEY_ID", "AKIDTESTTESTTEST")
    set_variable("AWS_SECRET_ACCESS_KEY", "secret-of-tests")
    return open_s3(BUCKET, f"tests/{os.urandom(8).hex()}", endpoint=url, region="us-east-1", patience=patience)


def azure_storage(url: str, set_variable: SetVariable, *, patience: Patience = QUICK) -> ObjectStorage:
    """A storage under a prefix of its own."""
    set_variable("AZURE_STORAGE_ACCOUNT_KEY", AZURE_KEY)
    endpoint = f"{url}/{AZURE_ACCOUNT}"
    prefix = f"tests/{os.urandom(8).hex()}"
    return open_azure(BUCKET, prefix, account=AZURE_ACCOUNT, endpoint=endpoint, patience=patience)
