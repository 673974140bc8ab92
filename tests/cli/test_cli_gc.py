from support.command import Dset


def test_gc_says_what_went_and_undo_says_why_it_stops(empty: Dset) -> None:
    (empty.folder / "a.txt").write_text("gone")
    empty("import", "a.txt", "--to", "x", "--format", "files")
    empty("undo")
    dry = empty("gc", "--dry-run", "--keep-operations", "0", "--json").json
    assert dry["dry_run"]
    assert dry["stores"]["blobs"]["tables"]["blobs"]["dead"] == {"entries": 1, "bytes": 4}
    assert empty("gc").out.splitlines()[-1].startswith("on disk:")
    assert all(row["held"] for row in empty("operations", "--json").rows)
    done = empty("gc", "--keep-operations", "0", "--json").json
    assert (done["freed"], done["expired"]) == (dry["freed"], dry["expired"])
    assert not any(row["held"] for row in empty("operations", "--json").rows)
    assert "'dset gc' has given up" in empty.fails("redo")
    empty("fsck")


def test_ages(empty: Dset) -> None:
    for age in ("2w", "30d", "12h", "5m", "1s", "0"):
        empty("gc", "--dry-run", "--keep-operations", age)
    for age in ("3", "d", "-1d", "1.5d", "1y"):
        empty.fails("gc", "--keep-operations", age, code=2)
