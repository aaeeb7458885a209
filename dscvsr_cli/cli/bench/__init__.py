"""``dscvsr bench``: begin with ``command``.

``options`` describes every option; ``command`` turns them into a job and measures quality or
speed; ``output`` writes the figures to the terminal and to files, and compares them with an older
report.
"""
