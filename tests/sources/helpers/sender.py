"""Send EEG over LSL from a process of its own: channel 0 counts the samples.

Arguments: source_id, and JSON with any of name, type, labels, units, types, sfreq,
first, simulated, locations, pause_after, pause_s, seconds, format; true_sfreq for a
stream that states no rate; steps, pairs of a number of samples and the seconds by
which explicit stamps lie later from there on; lines, what is sent as markers, one
every 0.1 s, before it ends.
"""

import json
import sys
import time

import numpy as np
import pylsl

DTYPES = {"float32": "f4", "double64": "f8", "int16": "i2", "int32": "i4"}
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
if "lines" in options:
    outlet.wait_for_consumers(30)
    for line in options["lines"]:
        outlet.push_sample([line])
        time.sleep(options.get("line_s", 0.1))
    sys.exit()
sfreq = options.get("true_sfreq", sfreq)
if options.get("format") == "string" or not sfreq:
    time.sleep(60)
if options.get("wait_for_receiver"):
    outlet.wait_for_consumers(30)
sent, block = options.get("first", 0), 5
began = time.monotonic()
first_stamp = pylsl.local_clock()
done = 0
while time.monotonic() - began < 60:
    samples = np.zeros((block, count), dtype=DTYPES[options.get("format", "double64")])
    samples[:, 0] = np.arange(sent, sent + block)
    if count > 1:
        samples[:, 1] = 10.0
    if "steps" in options:
        moved = sum(seconds for after, seconds in options["steps"] if done >= after)
        stamps = first_stamp + moved + np.arange(done, done + block) / sfreq
        outlet.push_chunk(samples, stamps.tolist())
    else:
        outlet.push_chunk(samples)
    sent += block
    done += block
    if done == options.get("pause_after"):
        time.sleep(options["pause_s"])
        began += options["pause_s"]
    time.sleep(max(0.0, began + done / sfreq - time.monotonic()))
