import pytest
from support.repositories import put, snapshot

from dvcore.errors import InvalidInputError, NotFoundError, StateError
from dvcore.ids import CommitId, digest
from dvcore.model.commit import Commit, encode_commit
from dvcore.model.definition import Definition
from dvcore.repo.branches import create_branch, create_tag
from dvcore.repo.commits import commit_working, head_commit
from dvcore.repo.objects import save_commit
from dvcore.repo.projects import create_project, load_project
from dvcore.repo.repository import Repository
from dvcore.repo.revisions import dataset_parent, resolve_commit, resolve_revision, split_revision


@pytest.fixture
def commits(repository: Repository) -> list[CommitId]:
    """Four commits on main, the oldest first; the third is tagged and has a branch."""
    made = []
    for number in range(4):
        put(repository, f"nuts/{number}.jpg")
        made.append(commit_working(repository, f"number {number}"))
    create_tag(repository, "v3", made[2])
    create_branch(repository, "try/it", made[2])
    return made


def test_names(repository: Repository, commits: list[CommitId]) -> None:
    expected = {
        "HEAD": 3,
        "main": 3,
        "HEAD~0": 3,
        "HEAD~": 2,
        "HEAD~2": 1,
        "HEAD~1~1": 1,
        "HEAD~~~": 0,
        "main~3": 0,
        "v3": 2,
        "v3~1": 1,
        "try/it": 2,
        commits[1].hex(): 1,
        commits[1].hex()[:13]: 1,
        commits[1].hex()[:8] + "~1": 0,
    }
    for text, number in expected.items():
        revision = resolve_revision(repository, text)
        assert (text, revision.commit) == (text, commits[number])
        assert revision.tree == repository.objects.load_commit(commits[number]).tree
        assert resolve_commit(repository, text) == commits[number]


def test_work_is_the_uncommitted_state(repository: Repository, commits: list[CommitId]) -> None:
    put(repository, "new.jpg")
    revision = resolve_revision(repository, "WORK")
    assert (revision.commit, revision.tree) == (None, repository.working_tree().id)
    for text in ("WORK~1", "WORK~"):
        with pytest.raises(InvalidInputError, match="HEAD is its commit"):
            resolve_revision(repository, text)
    with pytest.raises(InvalidInputError, match="'WORK' is the uncommitted state"):
        resolve_commit(repository, "WORK")


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("mian", "did you mean 'main'"),
        ("nope", "'dset log' lists commits"),
        ("HEAD~4", "the history is shorter"),
        ("HEAD~999999", "the history is shorter"),
        ("v3~~~~", "the history is shorter"),
        ("HEAD~x", "no revision"),
        ("HEAD~1234567", "no revision"),
        ("HEAD^", "no revision"),
        ("nuts@1", "no revision"),
        ("nuts@0", "no revision"),
        ("", "no revision"),
        ("~", "no revision"),
        ("HEAD" + "~" * 5000, "the history is shorter"),
        ("0" * 64, "no revision"),
        ("0" * 65, "no revision"),
        ("x" * 5000, "no revision"),
        ("caf\udce9", "no revision"),
        ("é", "no revision"),
        ("main\n", "no revision"),
    ],
)
def test_what_names_nothing(repository: Repository, commits: list[CommitId], text: str, hint: str) -> None:
    with pytest.raises(NotFoundError, match=hint):
        resolve_revision(repository, text)


def test_a_prefix_needs_four_digits_and_must_be_the_only_one(repository: Repository, commits: list[CommitId]) -> None:
    with pytest.raises(NotFoundError):
        resolve_revision(repository, commits[0].hex()[:3])
    twins = store_commits_with_one_prefix(repository, commits[0])
    shared = next(length for length in range(64) if twins[0].hex()[length] != twins[1].hex()[length])
    with pytest.raises(InvalidInputError, match="begins 2 commit ids; give more digits"):
        resolve_revision(repository, twins[0].hex()[:4])
    for twin in twins:
        assert resolve_commit(repository, twin.hex()[: shared + 1]) == twin


def store_commits_with_one_prefix(repository: Repository, like: CommitId) -> list[CommitId]:
    """Two commits whose ids begin with the same four digits; among some 300 there is a pair."""
    tree = repository.objects.load_commit(like).tree
    first: dict[str, Commit] = {}
    for time in range(100_000):
        second = Commit(tree, (), "Ada", time, "one of many")
        prefix = digest(encode_commit(second)).hex()[:4]
        if prefix in first:
            draft = repository.draft()
            twins = [save_commit(draft, one) for one in (first[prefix], second)]
            repository.store.update(draft.flush_into)
            return twins
        first[prefix] = second
    raise AssertionError("no pair among 100,000")


def test_a_prefix_of_something_else_is_no_commit(repository: Repository, commits: list[CommitId]) -> None:
    with pytest.raises(NotFoundError):
        resolve_revision(repository, repository.working_tree().id.hex())


def test_before_the_first_commit(repository: Repository) -> None:
    with pytest.raises(StateError, match="'main' has no commit yet; 'dset commit' makes one"):
        resolve_revision(repository, "HEAD")
    with pytest.raises(NotFoundError):
        resolve_revision(repository, "main")


def test_snapshots_have_names_too(repository: Repository, commits: list[CommitId]) -> None:
    create_project(repository, "nuts", Definition())
    head = head_commit(repository)
    assert head is not None
    project = load_project(repository, "nuts")
    snapshot(repository, "nuts", head)
    revision = resolve_revision(repository, "nuts@1")
    assert (revision.snapshot, revision.tree) == (("nuts", 1), repository.objects.load_commit(head).tree)
    assert revision.commit is not None
    assert dataset_parent(repository.objects.load_commit(revision.commit)) == head
    assert resolve_commit(repository, "nuts@1~1") == project.commit
    with pytest.raises(NotFoundError, match="did you mean 'nuts@1'"):
        resolve_revision(repository, "nuts@2")


def test_a_revision_with_a_directory(repository: Repository, commits: list[CommitId]) -> None:
    put(repository, "new.jpg")
    for text, name, path in (
        ("HEAD~1:nuts", "HEAD~1", ("nuts",)),
        ("main:", "main", ()),
        (":nuts/a.jpg", "WORK", ("nuts", "a.jpg")),
        ("nuts", "WORK", ("nuts",)),
    ):
        assert split_revision(repository, text) == (resolve_revision(repository, name), path)
    with pytest.raises(NotFoundError):
        split_revision(repository, "nope:nuts")
    with pytest.raises(InvalidInputError):
        split_revision(repository, "main:../nuts")
