"""``dscvsr compare``: begin with ``command``.

``options`` describes every option; ``command`` turns them into a job; ``output`` words plans and
reports.
"""
