"""Configure LSL, look for a stream and tell about it. Arguments: options as JSON, source_id."""

import json
import sys

from rtemotion.lsl import configure_network
from rtemotion.sources.lsl_network import find_streams

options, source_id = json.loads(sys.argv[1]), sys.argv[2]
path = configure_network(**options)
told = {"path": str(path), "settings": path.read_text()}
told["found"] = source_id in {stream.source_id for stream in find_streams(1.5)}
sys.stdout.write(json.dumps(told) + "\n")
