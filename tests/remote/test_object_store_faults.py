"""S3 over a bad network: what is tried again, how often, and what is said of a write whose answer got lost."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.bounded import in_child
from support.fault_proxy import HARD, Fault, FaultProxy, Plan, Seen, always, at_random, first
from support.servers import Server
from support.storages import QUICK, azure_storage, s3_storage

from dvcore.errors import AccessDeniedError, ConflictError, StateError, StorageError, UnknownOutcomeError
from dvcore.remote.storages.object_store import ObjectStorage, open_s3
from dvcore.remote.storages.storage import ABSENT, Always, Condition, Matches, Tag

BODY = bytes(range(256)) * 400
BEFORE_IT_IS_HEARD = (Fault.DELAY, Fault.INTERNAL_ERROR, Fault.SLOW_DOWN, Fault.CUT_REQUEST)
DONE_WITHOUT_ANSWER = (Fault.LOST_ANSWER, Fault.FALSE_ERROR)
TRIES = 1 + QUICK.retries


@pytest.fixture
def proxy(moto: Server) -> Iterator[FaultProxy]:
    with FaultProxy(moto.address) as proxy:
        yield proxy


@pytest.fixture
def storage(proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch) -> ObjectStorage:
    storage = s3_storage(proxy.url, monkeypatch.setenv)
    storage.put("root", BODY)
    proxy.seen.clear()
    return storage


def from_now_on(proxy: FaultProxy, plan: Plan) -> None:
    proxy.seen.clear()
    proxy.plan = plan


@pytest.mark.parametrize("fault", HARD, ids=lambda fault: fault.name)
def test_one_fault_is_not_noticed(proxy: FaultProxy, storage: ObjectStorage, fault: Fault) -> None:
    storage.put("packs/a", b"")
    actions = (
        lambda: storage.get("root").data == BODY,
        lambda: storage.get_range("root", 1000, 90_000) == BODY[1000:91_000],
        lambda: storage.put("root", BODY) != "",
        lambda: [one.name for one in storage.iter_names()] == ["packs/a", "root"],
        lambda: storage.remove("packs/a") is None,
    )
    for action in actions:
        from_now_on(proxy, first(fault))
        assert action()
        assert proxy.seen[0].fault is fault


@pytest.mark.parametrize("fault", [fault for fault in HARD if fault is not Fault.DELAY], ids=lambda fault: fault.name)
def test_tries_are_bounded(proxy: FaultProxy, storage: ObjectStorage, fault: Fault) -> None:
    from_now_on(proxy, always(fault))
    with pytest.raises(StorageError) as caught:
        storage.get("root")
    assert "root at s3://bucket/tests/" in caught.value.message
    # A body that breaks is asked for again from where it broke, each time for its rest.
    assert 2 <= len(proxy.seen) <= 4 * TRIES
    from_now_on(proxy, always(fault))
    with pytest.raises(StorageError):
        list(storage.iter_names())
    assert 2 <= len(proxy.seen) <= TRIES * TRIES
    if fault is not Fault.CUT_ANSWER:  # an answer to a put has no body
        from_now_on(proxy, always(fault))
        with pytest.raises(StorageError):
            storage.put("root", BODY)
        assert len(proxy.seen) == TRIES


def condition_of(storage: ObjectStorage, name: str) -> Condition:
    return Matches(storage.get(name).tag) if name == "root" else ABSENT


@pytest.mark.parametrize("name", ["root", "new"])
@pytest.mark.parametrize("fault", BEFORE_IT_IS_HEARD, ids=lambda fault: fault.name)
def test_a_condition_survives_what_the_server_never_heard(
    proxy: FaultProxy, storage: ObjectStorage, fault: Fault, name: str
) -> None:
    condition = condition_of(storage, name)
    from_now_on(proxy, first(fault))
    storage.put(name, b"mine", condition=condition)
    assert storage.get(name).data == b"mine"


@pytest.mark.parametrize("name", ["root", "new"])
@pytest.mark.parametrize("fault", DONE_WITHOUT_ANSWER, ids=lambda fault: fault.name)
def test_a_write_that_was_done_and_not_answered_is_unknown(
    proxy: FaultProxy, storage: ObjectStorage, fault: Fault, name: str
) -> None:
    condition = condition_of(storage, name)
    from_now_on(proxy, first(fault))
    with pytest.raises(UnknownOutcomeError, match=name):
        storage.put(name, b"mine", condition=condition)
    assert storage.get(name).data == b"mine"


@pytest.mark.parametrize("fault", [*DONE_WITHOUT_ANSWER, Fault.INTERNAL_ERROR, Fault.CUT_REQUEST], ids=lambda f: f.name)
def test_a_write_that_was_never_answered_is_unknown(proxy: FaultProxy, storage: ObjectStorage, fault: Fault) -> None:
    from_now_on(proxy, always(fault))
    with pytest.raises(UnknownOutcomeError):
        storage.put("new", b"mine", condition=ABSENT)
    assert len(proxy.seen) <= TRIES


def test_a_condition_that_does_not_hold_is_a_conflict_at_once(proxy: FaultProxy, storage: ObjectStorage) -> None:
    for condition in (ABSENT, Matches(Tag("nonsense"))):
        from_now_on(proxy, first())
        with pytest.raises(ConflictError):
            storage.put("root", b"mine", condition=condition)
        assert len(proxy.seen) == 1


def test_a_write_is_one_request(proxy: FaultProxy, storage: ObjectStorage) -> None:
    from_now_on(proxy, first())
    storage.put("packs/large", bytes(20 << 20))
    storage.put("packs/large", b"x", condition=Matches(storage.get("packs/large").tag))
    storage.get_range("packs/large", 0, 1)
    list(storage.iter_names("packs"))
    storage.remove("packs/large")
    assert [one.method for one in proxy.seen] == ["PUT", "GET", "PUT", "GET", "GET", "DELETE"]


def test_a_list_that_breaks_goes_on_where_it_broke(proxy: FaultProxy, storage: ObjectStorage) -> None:
    wanted = [f"many/{number:04}" for number in range(1010)]
    for name in wanted:
        storage.put(name, b"")
    from_now_on(proxy, first(Fault.NONE, Fault.CUT_ANSWER))
    assert [one.name for one in storage.iter_names("many")] == wanted
    assert len(proxy.seen) == 3


def test_a_server_that_does_not_answer_is_given_up(proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch) -> None:
    impatient = replace(QUICK, retries=1, stall=0.2, transfer=0.2)
    storage = s3_storage(proxy.url, monkeypatch.setenv, patience=impatient)
    proxy.delay = 1.5
    from_now_on(proxy, always(Fault.DELAY))
    with pytest.raises(StorageError, match="no answer in time"):
        storage.get("root")
    with pytest.raises(StorageError, match="no answer in time"):
        storage.put("root", b"x")
    with pytest.raises(UnknownOutcomeError):
        storage.put("root", b"x", condition=ABSENT)
    with pytest.raises(StorageError, match="no answer in time"):
        list(storage.iter_names())


def test_a_slow_body_is_no_silent_one(proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time without an answer is short; a body may be longer on its way out."""
    storage = s3_storage(proxy.url, monkeypatch.setenv, patience=replace(QUICK, retries=0, stall=0.2))
    proxy.delay = 1.0
    from_now_on(proxy, first(Fault.DELAY))
    storage.put("packs/a", BODY)


def test_what_is_stale_or_flipped_is_passed_on(proxy: FaultProxy, storage: ObjectStorage) -> None:
    """Nobody but the reader can tell: packs have their hash for a name, the root a checksum."""
    assert [one.name for one in storage.iter_names()] == ["root"]
    storage.put("second", b"")
    from_now_on(proxy, always(Fault.STALE_LIST))
    assert [one.name for one in storage.iter_names()] == ["root"]
    from_now_on(proxy, always(Fault.FLIPPED_BIT))
    got = storage.get("root").data
    assert len(got) == len(BODY)
    assert got != BODY


@pytest.mark.parametrize("seed", range(3))
def test_what_was_reported_is_so_whatever_happens(proxy: FaultProxy, storage: ObjectStorage, seed: int) -> None:
    """A count kept by compare-and-swap: never less than what was reported, never more than that and the unknown."""
    storage.put("count", b"0")
    from_now_on(proxy, at_random(seed, 0.3))
    proxy.delay = 0.01
    reported = unknown = 0
    for _ in range(40):
        try:
            stored = storage.get("count")
            storage.put("count", str(int(stored.data) + 1).encode(), condition=Matches(stored.tag))
            reported += 1
        except UnknownOutcomeError:
            unknown += 1
        except StorageError:
            continue
    from_now_on(proxy, first())
    assert reported <= int(storage.get("count").data) <= reported + unknown
    assert reported > 10


def test_a_bucket_that_is_not_there_is_no_absent_object(moto: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    s3_storage(moto.url, monkeypatch.setenv)
    storage = open_s3("nosuchbucket", "", endpoint=moto.url, region="us-east-1", patience=QUICK)
    for condition in (Always(), ABSENT):
        with pytest.raises(StorageError, match="no such bucket"):
            storage.put("root", b"x", condition=condition)
    with pytest.raises(StorageError, match="no such bucket"):
        storage.get("root")
    with pytest.raises(StorageError, match="no such bucket"):
        list(storage.iter_names())


def test_no_credentials_are_said_to_be_missing(moto: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_METADATA_ENDPOINT", "http://127.0.0.1:9")
    storage = open_s3("bucket", "", endpoint=moto.url, region="us-east-1", patience=QUICK)
    with pytest.raises(AccessDeniedError, match="no credentials were found"):
        storage.get("root")


def test_the_providers_variables_are_read(moto: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    s3_storage(moto.url, monkeypatch.setenv)
    for name, value in (("ENDPOINT_URL", moto.url), ("REGION", "eu-central-1"), ("ALLOW_HTTP", "true")):
        monkeypatch.setenv(f"AWS_{name}", value)
    storage = open_s3("bucket", "by-environment", patience=QUICK)
    storage.put("root", b"x")
    assert storage.get("root").data == b"x"
    assert storage.describe() == "s3://bucket/by-environment"


def test_wrong_credentials_are_named_and_not_shown(azurite: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    azure_storage(azurite.url, monkeypatch.setenv)
    secret = "c2VjcmV0LW9mLXRlc3Rz"
    storage = azure_storage(azurite.url, lambda name, _: monkeypatch.setenv(name, secret))
    for action in (lambda: storage.get("root"), lambda: storage.put("root", b"", condition=ABSENT)):
        with pytest.raises(AccessDeniedError, match="403") as caught:
            action()
        assert secret not in str(caught.value)
        assert caught.value.__suppress_context__


def test_a_forked_process_is_refused_rather_than_stuck(storage: ObjectStorage, moto: Server) -> None:
    def refused() -> None:
        with pytest.raises(StateError, match="forked"):
            storage.get("root")
        with pytest.raises(StateError, match="forked"):
            open_s3("bucket", "", endpoint=moto.url, region="us-east-1", patience=QUICK)

    assert in_child(refused) == 0
    assert storage.get("root").data == BODY


@pytest.fixture
def shard(tmp_path: Path) -> Path:
    """A file that goes in three parts."""
    path = tmp_path / "shard"
    path.write_bytes(os.urandom((16 << 20) + 5))
    return path


def _is_part(_number: int, method: str, path: str) -> bool:
    return method == "PUT" and "partNumber" in path


def test_a_large_file_goes_in_parts(proxy: FaultProxy, storage: ObjectStorage, shard: Path) -> None:
    storage.put_file("shard", shard)
    assert sum(_is_part(*_of(seen)) for seen in proxy.seen) == 3
    assert storage.get("shard").data == shard.read_bytes()


def _of(seen: Seen) -> tuple[int, str, str]:
    return seen.number, seen.method, seen.path


@pytest.mark.parametrize(
    "fault", [Fault.INTERNAL_ERROR, Fault.CUT_REQUEST, Fault.LOST_ANSWER], ids=lambda one: one.name
)
def test_a_part_that_fails_once_is_sent_again(
    proxy: FaultProxy, storage: ObjectStorage, shard: Path, fault: Fault
) -> None:
    rest = [fault]
    proxy.plan = lambda *request: rest.pop() if rest and _is_part(*request) else Fault.NONE
    storage.put_file("shard", shard)
    assert not rest
    assert storage.get("shard").data == shard.read_bytes()


def test_parts_that_fail_leave_the_object_as_it_was(proxy: FaultProxy, storage: ObjectStorage, shard: Path) -> None:
    storage.put("shard", b"before")
    proxy.plan = lambda *request: Fault.INTERNAL_ERROR if _is_part(*request) else Fault.NONE
    with pytest.raises(StorageError, match="cannot write shard at s3://"):
        storage.put_file("shard", shard)
    assert storage.get("shard").data == b"before"
    assert any(seen.method == "DELETE" and "uploadId" in seen.path for seen in proxy.seen), "parts are taken back"
