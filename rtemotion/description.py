"""Describing a stream as LSL does, in the conventions other programs read."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np

from .signal import StreamInfo


def plain_xml(
    name: str,
    kind: str,
    fmt: str,
    labels: tuple[str, ...],
    sfreq: float = 0.0,
    simulated: bool = False,
) -> str:
    """Return the ``<info>`` document of a stream of named channels.

    Parameters
    ----------
    name, kind : str
        LSL's name and type.
    fmt : str
        LSL's name of the samples' format.
    labels : tuple of str
        One a channel.
    sfreq : float
        Nominal rate in Hz, 0 when irregular.
    simulated : bool
        Whether to say that nobody was recorded.
    """
    root, _ = _root(name, kind, fmt, labels, sfreq, "", "")
    desc = root.find("desc")
    if simulated and desc is not None:
        _add(desc, "simulated", "true")
    return _text(root)


def stream_xml(info: StreamInfo, fmt: str = "double64", unit: str = "volts") -> str:
    """Return the ``<info>`` document of a stream: labels, units, types, locations in mm.

    Parameters
    ----------
    info : StreamInfo
        The stream.
    fmt, unit : str
        Format and unit of its values.
    """
    root, channels = _root(
        info.name or "EEG", "EEG", fmt, info.channels, info.sfreq, info.source_id, info.host
    )
    for node, kind, position in zip(channels, info.kinds, info.positions, strict=True):
        electric = kind in {"eeg", "eog", "ecg", "emg"}
        _add(node, "unit", unit if electric else "")
        _add(node, "type", kind.upper())
        if np.isfinite(position).all():
            location = ElementTree.SubElement(node, "location")
            for axis, metres in zip("XYZ", position.tolist(), strict=True):
                _add(location, axis, repr(1000.0 * metres))
    desc = root.find("desc")
    if desc is not None:
        _add(ElementTree.SubElement(desc, "reference"), "label", info.reference)
        if info.simulated:
            _add(desc, "simulated", "true")
    return _text(root)


def _root(
    name: str,
    kind: str,
    fmt: str,
    labels: tuple[str, ...],
    sfreq: float,
    source_id: str,
    host: str,
) -> tuple[ElementTree.Element, list[ElementTree.Element]]:
    root = ElementTree.Element("info")
    for tag, value in {
        "name": name,
        "type": kind,
        "channel_count": str(len(labels)),
        "nominal_srate": repr(float(sfreq)),
        "channel_format": fmt,
        "source_id": source_id,
        "hostname": host,
    }.items():
        _add(root, tag, value)
    channels = ElementTree.SubElement(ElementTree.SubElement(root, "desc"), "channels")
    nodes = [ElementTree.SubElement(channels, "channel") for _ in labels]
    for node, label in zip(nodes, labels, strict=True):
        _add(node, "label", label)
    return root, nodes


def _add(parent: ElementTree.Element, tag: str, value: str) -> None:
    ElementTree.SubElement(parent, tag).text = value


def _text(root: ElementTree.Element) -> str:
    return '<?xml version="1.0"?>\n' + ElementTree.tostring(root, "unicode")
