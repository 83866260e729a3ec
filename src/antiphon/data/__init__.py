"""Folders of music become corpora: extracted sequences on disk, grouped, split, and served in batches."""
