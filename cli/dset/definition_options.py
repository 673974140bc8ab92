"""The options that describe a project: one set for all commands that take them."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Final

import click

from dset.output import read_option, read_pairs
from dvcore.snapshot.features.options import parse_class, parse_feature
from dvcore.snapshot.projects.options import Options

Command = Callable[..., Any]

_LISTS: Final[Mapping[str, tuple[str, str, str]]] = {
    "directories": ("--directory", "DIR", "Take the files of DIR."),
    "labels": ("--label", "NAME=EXPR", "A label."),
    "duplicate_labels": ("--duplicate-label", "NEW=OLD", "A second label with the filter of OLD."),
    "merge_labels": ("--merge-label", "NEW=OLD", "Make OLD a part of the label NEW."),
    "remove_labels": ("--remove-label", "NAME", "Take a label away."),
    "features": ("--feature", "KIND[:NAME][,OPTION=VALUE]…", "What the examples hold."),
    "classes": ("--class", "FEATURE:NAME=EXPR", "A class of a feature."),
    "remove_features": ("--remove-feature", "[KIND:]NAME", "Take a feature away."),
    "splits": ("--split", "NAME=RATIO", "A split; giving any replaces all."),
    "split_filters": ("--split-where", "NAME=EXPR", "What a split takes first."),
}
_TEXTS: Final[Mapping[str, tuple[str, str, str]]] = {
    "where": ("--where", "EXPR", "Take only files that the expression holds for."),
    "group_by": ("--group-by", "VARIABLE", "Files of one value go to one split."),
    "color": ("--color", "gray|rgb|mixed", "Channels of every image."),
    "downsample": ("--downsample", "SIZE", "none, factor:4, both:HEIGHTxWIDTH, height:256, longest:512, …"),
    "interpolation": ("--interpolation", "NAME", "nearest, bilinear, bicubic, lanczos, box or hamming."),
    "encoding": ("--encoding", "auto|png|jpeg", "How images are stored that cannot pass through."),
    "background": ("--background", "COLOR", "What shows through transparent pixels."),
    "range": ("--range", "none|full|LO:HI", "Which values of deep images become black and white."),
    "bit_depth": ("--bit-depth", "8|16", "Bits of each sample."),
    "reducing_gap": ("--reducing-gap", "none|N", "Decode large JPEGs smaller, at N times the size wanted."),
    "overlap": ("--overlap", "stop|first", "What happens to an image of two labels."),
    "leak": ("--leak", "stop|warn", "What happens where the same bytes or group land in two splits."),
}
_PAIRS: Final = frozenset({"labels", "duplicate_labels", "splits", "split_filters"})


def definition_options(command: Command) -> Command:
    """All of them; the command gets them as one argument, `options`. Parameters have the names of its fields."""

    @wraps(command)
    def called(*arguments: Any, **given: Any) -> Any:
        own = {name: given.pop(name) for name in (*_LISTS, *_TEXTS, "stratify", "shards")}
        return command(*arguments, **given, options=_read(own))

    decorated: Command = called
    for option in reversed(_all_options()):
        decorated = option(decorated)
    return decorated


def _all_options() -> list[Callable[[Command], Command]]:
    several = [
        click.option(flag, name, multiple=True, metavar=form, help=f"{text[:-1]}; repeatable.")
        for name, (flag, form, text) in _LISTS.items()
    ]
    texts = [click.option(flag, name, metavar=form, help=text) for name, (flag, form, text) in _TEXTS.items()]
    stratify = click.option("--stratify/--no-stratify", default=None, help="Let each label meet the ratios by itself.")
    shards = click.option("--shards", type=click.IntRange(min=1), metavar="N", help="Shards of each split.")
    return [*several, *texts, stratify, shards]


def _read(given: Mapping[str, Any]) -> Options:
    pairs = {name: read_option(_LISTS[name][0], given[name], _LISTS[name][1]) or None for name in _PAIRS}
    lists = {
        "directories": given["directories"] or None,
        "merge_labels": tuple(read_pairs("--merge-label", given["merge_labels"], "NEW=OLD")),
        "features": tuple(map(parse_feature, given["features"])),
        "classes": tuple(map(parse_class, given["classes"])),
    }
    return Options(**{**given, **pairs, **lists})
