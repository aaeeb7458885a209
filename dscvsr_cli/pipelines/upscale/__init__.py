"""Upscale: one video or many in, the same enlarged out.

A ``job`` is what a person asks for; ``prepare`` settles every choice (``input``, ``target``,
``disk_space``, ``preview``), and ``run`` moves the frames into a
``job_output``. Around them:
``batch`` for many files, ``output_name`` for the names they get, ``dry_run`` for an estimate,
``side_by_side`` for comparison views, ``fingerprint`` for what decides the frames. Start with
``run.py``.
"""
