"""Training: begin with ``loop``, whose ``Trainer`` is the whole of a run.

``config`` is the recipe (built-in ones are in ``recipes/``; ``overrides`` sets single fields).
``data/`` makes batches, ``objective/`` the losses; ``schedule``, ``dtype`` and ``muon`` say how a
step is taken; ``checkpoint``, ``run_log``, ``recorder``, ``validation`` and ``curves`` keep and
show what happened; ``parallel`` is for several processes.
"""
