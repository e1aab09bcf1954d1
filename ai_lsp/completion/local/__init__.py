"""The embedded predictor: suggestions learned on the fly from the workspace, with no model and no network."""
