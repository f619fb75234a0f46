"""The trainable side: networks, simulated training sets, training, export.

`pretrained/` holds the model files that ship; they are found by path, without
importing anything from here.
"""
