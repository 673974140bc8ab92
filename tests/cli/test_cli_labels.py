"""What a label is called is the same in every command."""

import json

from support.command import Dset

WALNUT = "nuts/walnut/00.png"


def test_a_label_with_a_slash_is_annotated_and_exported(nuts: Dset) -> None:
    given = [{"label": "tv/monitor", "box": [1, 1, 2, 2], "attributes": {"on/off": True}}]
    nuts("annotate", WALNUT, "--instances", "-", stdin=json.dumps(given))
    shown = nuts("show", WALNUT, "--json").json
    assert (shown["instances"][0]["label"], shown["instances"][0]["attributes"]) == ("tv/monitor", {"on/off": True})
    nuts("annotate", WALNUT, "--instances", "-", stdin=json.dumps(shown))
    assert nuts("show", WALNUT, "--json").json == shown
    nuts("commit", "-m", "a monitor")
    nuts("project", "create", "screens", "--label", "tv/monitor=has('tv/monitor')", "--split", "train=1")
    snapshot = nuts("snapshot", "screens", "--json").json
    assert snapshot["splits"]["train"]["labels"] == {"tv/monitor": 1}
