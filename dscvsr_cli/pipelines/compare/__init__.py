"""Compare: two videos of the same frames become one page to look at in a browser.

A ``job`` is what a person asks for. ``films`` opens the videos and checks that they fit,
``moments`` reads their frames side by side, and ``measure`` compares them with a reference.
``page`` writes the HTML around the pictures; its style and scripts are in the folder ``page``.
Begin with ``run.py``.
"""
