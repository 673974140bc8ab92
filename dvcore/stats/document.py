"""Statistics as one object of JSON; `docs/stats.md` describes every key."""

from collections.abc import Mapping
from typing import Any

from dvcore.model.names import format_path
from dvcore.model.values import Value, format_value
from dvcore.stats.numbers import Distribution, Summary
from dvcore.stats.statistics import ImageStatistics, LabelStatistics, Statistics, VariableStatistics
from dvcore.stats.tallies import Group


def statistics_json(statistics: Statistics) -> dict[str, Any]:
    """Plain values in the order of the documentation."""
    total = statistics.total
    return {
        "files": total.files,
        "bytes": statistics.bytes,
        "annotated": total.annotated,
        "empty": statistics.empty,
        "instances": total.instances,
        "directories": [
            {"directory": format_path(path), **_group(group), "labels": dict(group.labels)}
            for path, group in statistics.directories.items()
        ],
        "labels": [_label(one) for one in statistics.labels],
        "images": _images(statistics.images),
        "geometries": dict(statistics.geometries),
        "area": _distribution(statistics.area),
        "relative_area": _distribution(statistics.relative_area),
        "instances_per_image": _distribution(statistics.per_image),
        "together": None
        if statistics.pairs is None
        else [{"labels": list(pair), "files": number} for pair, number in statistics.pairs.items()],
        "variables": [_variable(one) for one in statistics.variables],
    }


def _group(group: Group) -> dict[str, Any]:
    return {
        "files": group.files,
        "annotated": group.annotated,
        "instances": group.instances,
        "variables": {name: _values(values) for name, values in sorted(group.values.items())},
    }


def _label(one: LabelStatistics) -> dict[str, Any]:
    return {
        "label": one.label,
        **_group(one.group),
        "area": _summary(one.area),
        "relative_area": _summary(one.relative_area),
    }


def _images(images: ImageStatistics) -> dict[str, Any]:
    return {
        "count": images.count,
        "formats": dict(images.formats),
        "modes": dict(images.modes),
        "sizes": [
            {"width": width, "height": height, "images": number} for (width, height), number in images.sizes.items()
        ],
        "different_sizes": images.different_sizes,
        "width": _distribution(images.width),
        "height": _distribution(images.height),
        "aspect_ratio": _distribution(images.aspect_ratio),
    }


def _variable(one: VariableStatistics) -> dict[str, Any]:
    return {
        "name": one.declaration.name,
        "type": one.declaration.type.value,
        "default": one.declaration.default,
        "stated": one.stated,
        "by_default": one.by_default,
        "unset": one.unset,
        "values": None
        if one.values is None
        else [{"value": value, "files": number} for value, number in one.values.items()],
        "numbers": _distribution(one.numbers),
    }


def _values(values: Mapping[Value, int]) -> dict[str, int]:
    return {format_value(value): values[value] for value in sorted(values)}


def _distribution(distribution: Distribution | None) -> dict[str, Any] | None:
    if distribution is None:
        return None
    histogram = distribution.histogram
    return {
        **(_summary(distribution.summary) or {}),
        "histogram": {"edges": list(histogram.edges), "counts": list(histogram.counts)},
    }


def _summary(summary: Summary | None) -> dict[str, Any] | None:
    if summary is None:
        return None
    return {
        "count": summary.count,
        "min": summary.least,
        "p5": summary.p5,
        "p25": summary.p25,
        "median": summary.median,
        "p75": summary.p75,
        "p95": summary.p95,
        "max": summary.greatest,
        "mean": summary.mean,
    }
