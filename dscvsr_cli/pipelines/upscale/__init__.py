"""Upscale: one video or many in, the same enlarged out.

Start with ``run``, which tells the whole story of a ``job``: what a person asks for. ``prepare``
settles every choice and refuses what cannot work: ``open_source`` and ``source_warnings`` (the
input), ``target`` and ``output_place`` (where the output goes, and what its frames are),
``other_streams``, ``disk_space`` and ``network_plan``. Only ``defaults`` yield, where an input or
output cannot take them. ``make_frames`` sends the frames through the network, and they go into a
``job_output``, which is one of two kinds: ``plan_segments`` (can be resumed) or ``direct_output``.

Around that: ``plan_batch`` and ``batch``, ``batch_at_once`` (a ``job_group``) and
``watched_folder`` for many files, ``output_name`` for the names they get, ``finished`` for the
record of what is done; ``preview``, ``side_by_side`` and ``dry_run`` for a look before a long job;
``estimate`` and ``progress`` for its time; ``scan`` and ``piece`` for work that a cluster shares.
"""
