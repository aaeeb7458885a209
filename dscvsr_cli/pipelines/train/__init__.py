"""Train: a recipe and folders of footage in, a weights file out.

``data`` finds and reads the footage, ``build_trainer`` makes the network with its teachers, and
``start_record`` holds a resumed run to the settings it was started with. ``dry_run`` estimates time
and memory, ``export`` writes weights from a checkpoint, ``torchrun`` joins several processes. Start
with ``run.py``; the loop itself is in ``dscvsr_cli/training``.
"""
