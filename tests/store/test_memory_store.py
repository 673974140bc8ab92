from collections.abc import Iterator

import pytest
from support.store_contract import StoreContract

from dvcore.store import MemoryStore, Store


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def store(self) -> Iterator[Store]:
        with MemoryStore() as store:
            yield store
