"""Training: from a labelled data set to a model file that decodes live."""
