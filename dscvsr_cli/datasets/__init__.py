"""Data sets on disk, for benchmarks and for training.

For benchmarks begin with ``find_clips``: known sets (``benchmark_sets``) or paths become ``Clip``s
(``clips``, ``open_clip``). For training begin with ``sources``: files and folders become sources,
which ``extent`` measures, ``decode`` turns into tensors and ``split`` holds out. ``degrade`` makes
low-resolution frames; ``frame_folders`` distinguishes the frames of a clip from photographs.
"""
