"""Where bytes are kept: the transactional store, and objects, blobs and sealed values in it.

`base` is the seam, `LmdbStore` and `MemoryStore` stand behind it; everything else works over any store.
"""

from dvcore.store.base import ReadTransaction, Store, Table, WriteTransaction
from dvcore.store.blob_writer import BlobWriter
from dvcore.store.blobs import BlobStore
from dvcore.store.cells import seal, unseal
from dvcore.store.lmdb_store import LmdbStore
from dvcore.store.memory import MemoryStore
from dvcore.store.objects import ObjectDraft, ObjectReader, ObjectSource, UnkeptDraft

__all__ = [
    "BlobStore",
    "BlobWriter",
    "LmdbStore",
    "MemoryStore",
    "ObjectDraft",
    "ObjectReader",
    "ObjectSource",
    "ReadTransaction",
    "Store",
    "Table",
    "UnkeptDraft",
    "WriteTransaction",
    "seal",
    "unseal",
]
