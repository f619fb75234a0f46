"""Play a file with mne-lsl's player. Arguments: file, name, source_id."""

import sys
import time

from mne_lsl.player import PlayerLSL

path, name, source_id = sys.argv[1:]
player = PlayerLSL(path, chunk_size=7, n_repeat=1, name=name, source_id=source_id)
player.start()
sys.stdout.write("ready\n")
sys.stdout.flush()
time.sleep(60)
