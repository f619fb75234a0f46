"""Send EEG over LSL from a process of its own: channel 0 counts the samples.

Arguments: source_id, and JSON with any of name, type, labels, units, types, sfreq,
first, simulated, locations, pause_after, pause_s, seconds, format.
"""

import json
import sys
import time

import numpy as np
import pylsl

source_id, options = sys.argv[1], json.loads(sys.argv[2])
labels = options.get("labels", ["Cz", "Pz", "Oz"])
count = options.get("count", len(labels))
sfreq = options.get("sfreq", 250.0)
info = pylsl.StreamInfo(
    options.get("name", source_id),
    options.get("type", "EEG"),
    count,
    sfreq,
    options.get("format", "double64"),
    source_id,
)
if options.get("simulated"):
    info.desc().append_child_value("simulated", "true")
if options.get("reference"):
    info.desc().append_child("reference").append_child_value("label", options["reference"])
if labels:
    channels = info.desc().append_child("channels")
    for i, label in enumerate(labels):
        channel = channels.append_child("channel")
        channel.append_child_value("label", label)
        channel.append_child_value("unit", options.get("units", ["microvolts"] * count)[i])
        channel.append_child_value("type", options.get("types", ["EEG"] * count)[i])
        if "locations" in options:
            location = channel.append_child("location")
            for axis, value in zip("XYZ", options["locations"][i], strict=True):
                location.append_child_value(axis, str(value))
outlet = pylsl.StreamOutlet(info)
sys.stdout.write("ready\n")
sys.stdout.flush()
if options.get("format") == "string" or not sfreq:
    time.sleep(60)
if options.get("wait_for_receiver"):
    outlet.wait_for_consumers(30)
sent, block = options.get("first", 0), 5
began = time.monotonic()
done = 0
while time.monotonic() - began < 60:
    samples = np.zeros((block, count))
    samples[:, 0] = np.arange(sent, sent + block)
    if count > 1:
        samples[:, 1] = 10.0
    outlet.push_chunk(samples)
    sent += block
    done += block
    if done == options.get("pause_after"):
        time.sleep(options["pause_s"])
        began += options["pause_s"]
    time.sleep(max(0.0, began + done / sfreq - time.monotonic()))
