"""``dscvsr upscale``: begin with ``command``.

``options`` describes every option; ``command`` turns them into a job; ``run_jobs`` runs one, many
or none at all (a dry run) with a progress bar; ``output`` words plans and reports.
"""
