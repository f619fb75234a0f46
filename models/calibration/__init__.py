"""Quick calibration: labelled minutes of a person, and a head on the model that fits them."""
