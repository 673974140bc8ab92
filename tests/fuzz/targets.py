"""All that is fuzzed, by name."""

from fuzz.importing import import_targets
from fuzz.parsing import parser_targets
from fuzz.remotes import remote_targets
from fuzz.target import Target


def all_targets() -> dict[str, Target]:
    return {**import_targets(), **parser_targets(), **remote_targets()}
