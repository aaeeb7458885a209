"""From recipe and folders to a weights file: begin with ``run``, the whole story of a run.

``data`` finds, splits and reads footage; ``build_trainer`` adds teacher and VGG-19 to a trainer;
``start_record`` writes what a run started with into its log. ``dry_run`` estimates a run,
``export_weights`` takes the weights out of a checkpoint, ``torchrun`` joins several processes.
"""
