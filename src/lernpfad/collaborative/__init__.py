"""Recommenders: what will the learner take up? One file each; all score a history, never a row number."""
